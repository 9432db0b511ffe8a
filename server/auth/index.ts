import { type AppContext, context } from '../context.ts'
import { type Auth, type Caller, createAuth } from './create-auth.ts'

export type { Auth, Caller }

const made = new WeakMap<AppContext, Auth>()

/** The sign-in of an app process (tests run several in one). */
export function authOf(ctx: AppContext): Auth {
  const auth = made.get(ctx) ?? createAuth(ctx)
  made.set(ctx, auth)
  return auth
}

/** @throws AppError unauthenticated */
export const callerOf = (request: Request): Promise<Caller> => authOf(context()).callerOf(request)
