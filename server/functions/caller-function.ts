import { getRequest } from '@tanstack/react-start/server'
import { type Caller, callerOf } from '../auth/index.ts'
import { type AppContext, context } from '../context.ts'
import { type Answer, answered } from './answer.ts'

/** Runs a server function's work as its caller. */
export async function asCaller<T>(
  name: string,
  work: (ctx: AppContext, caller: Caller) => Promise<T>,
): Promise<Answer<T>> {
  const ctx = context()
  return answered(ctx, name, async () => work(ctx, await callerOf(getRequest())))
}
