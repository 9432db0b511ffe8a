import { APIError } from 'better-auth/api'
import { eq } from 'drizzle-orm'
import type { Database } from '#db/client.ts'
import { ACCOUNT_HEADER } from '#db/inputs/account-header.ts'
import { acceptInvitation } from '#db/inputs/session-members.ts'
import { ensureLocalAccount, LOCAL_ACCOUNT_ID } from '#db/local-account.ts'
import { accounts } from '#db/schema/index.ts'
import type { Env } from '../env.ts'
import { AppError, must } from '../errors.ts'
import { allowMethods } from '../http.ts'
import { knownError } from '../known-error.ts'
import { type Acceptance, joinByInvitation } from './accept-invitation.ts'
import { inputOf } from './checked-input.ts'
import { clientAddress } from './client-address.ts'
import { createAccount } from './create-account.ts'
import { type NewAccount, signIn as signInInput } from './inputs.ts'
import { createLibrary, type LibraryEnv } from './library.ts'
import { countAttempt } from './sign-in-throttle.ts'

/** Who a request comes from. Nothing else in the server decides that. */
export interface Caller {
  accountId: string
}

export type AuthEnv = LibraryEnv & Pick<Env, 'AUTH_MODE' | 'TRUST_PROXY'>

export type Auth = ReturnType<typeof createAuth>

/** Sign-in over one database. Keeps nothing of anybody's in the process. */
export function createAuth({ db, env }: { db: Database; env: AuthEnv }) {
  const library = createLibrary(db, env)
  const isLocal = env.AUTH_MODE === 'local'
  let local: Promise<unknown> | undefined

  /** The account of a valid login cookie. In local mode only guests have one: a cookie of another mode says nothing. */
  async function signedIn(request: Request, { renew = false } = {}) {
    const { response, headers } = await library.api
      .getSession({ headers: request.headers, query: { disableRefresh: !renew }, returnHeaders: true })
      .catch(throwKnown)
    const counts = response && (!isLocal || response.user.isAnonymous)
    return { accountId: counts ? response.user.account_id : null, cookies: headers }
  }

  async function localAccount(): Promise<string> {
    local ??= ensureLocalAccount(db)
    try {
      await local
    } catch (error) {
      local = undefined // the next request tries again
      throw error
    }
    return LOCAL_ACCOUNT_ID
  }

  async function identify(request: Request, options?: { renew: boolean }) {
    const { accountId, cookies } = await signedIn(request, options)
    if (accountId) return { accountId, cookies }
    if (isLocal) return { accountId: await localAccount(), cookies }
    throw new AppError('unauthenticated', 'Nobody is signed in here. Sign in and try again.')
  }

  /** @throws AppError unauthenticated */
  async function callerOf(request: Request): Promise<Caller> {
    const { accountId } = await identify(request)
    const meant = request.headers.get(ACCOUNT_HEADER)
    if (meant === null || meant === accountId) return { accountId }
    throw new AppError('unauthenticated', 'This browser is signed in as somebody else now. Sign in again.')
  }

  /** Who the browser is; keeps the login alive, so pages ask it when they start. */
  async function whoami(request: Request): Promise<Response> {
    const { accountId, cookies } = await identify(request, { renew: true })
    const { value } = await db.transaction(accountId, (tx) =>
      tx
        .select({ id: accounts.id, display_name: accounts.display_name, kind: accounts.kind })
        .from(accounts)
        .where(eq(accounts.id, accountId)),
    )
    const account = must(value[0], 'a login goes with its account')
    return answer({ mode: env.AUTH_MODE, account }, cookies)
  }

  async function signIn(request: Request): Promise<Response> {
    if (isLocal) throw new AppError('not_found', 'Nobody signs in here: AUTH_MODE is local.')
    const body = await inputOf(request, signInInput)
    const succeeded = await countAttempt(db, body.email, clientAddress(request, env))
    const { headers, response } = await library.api
      .signInEmail({ body, headers: request.headers, returnHeaders: true })
      .catch(refuseSignIn)
    await succeeded()
    return answer({ account_id: must(response.user.account_id, 'every user has an account') }, headers)
  }

  /** Ends the login in Postgres and in the browser; nobody being signed in is fine. */
  async function signOut(request: Request): Promise<Response> {
    const { headers } = await library.api.signOut({ headers: request.headers, returnHeaders: true })
    return answer({}, headers)
  }

  /**
   * Joins the session of an invitation: as who is signed in, or else as a new guest with this name.
   * In local mode the local account joins by the ordinary mutation; who comes here wants to be a guest.
   */
  async function accept(request: Request, input: Acceptance): Promise<Response> {
    const { accountId } = await signedIn(request)
    const { cookies, ...joined } = await joinByInvitation({ db, library }, request, input, accountId)
    return answer(joined, cookies)
  }

  // Everything that can be reached over HTTP; of the library's own endpoints none is.
  const endpoints: Record<string, [method: string, (request: Request) => Promise<Response>]> = {
    whoami: ['GET', whoami],
    'sign-in': ['POST', signIn],
    'sign-out': ['POST', signOut],
    'accept-invitation': [
      'POST',
      async (request) => accept(request, await inputOf(request, acceptInvitation)),
    ],
  }

  /** Answers `/api/auth/*`. @throws AppError for every refusal. */
  async function handler(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.replace(/^\/api\/auth\//, '')
    if (!Object.hasOwn(endpoints, name)) throw new AppError('not_found', 'There is no such sign-in endpoint.')
    const [method, endpoint] = must(endpoints[name], 'the line above')
    allowMethods(request, method)
    return endpoint(request)
  }

  return {
    callerOf,
    handler,
    signOut,
    acceptInvitation: accept,
    createAccount: (input: NewAccount): Promise<Caller> => createAccount(library, input),
  }
}

// The library wraps what it meets, a lost connection too.
function throwKnown(error: unknown): never {
  throw knownError(error) ?? error
}

// One answer for an unknown email, a wrong password and a password no account can have; the library spends the time
// of a hash on each of the first two.
function refuseSignIn(cause: unknown): never {
  if (!(cause instanceof APIError) || cause.statusCode >= 500) throw cause
  throw new AppError('unauthenticated', 'Email or password is wrong.', { cause })
}

function answer(body: object, cookies: Headers | null | undefined): Response {
  const response = Response.json(body, { headers: { 'cache-control': 'private, no-store' } })
  for (const cookie of cookies?.getSetCookie() ?? []) response.headers.append('set-cookie', cookie)
  return response
}
