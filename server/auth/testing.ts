import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '#db/client.ts'
import type { MutationInput, MutationName } from '#db/inputs/index.ts'
import { applyMutation } from '#server/mutations/index.ts'
import { AppError, errorResponse } from '../errors.ts'
import { type Auth, type AuthEnv, createAuth } from './create-auth.ts'

// A browser for tests: keeps its cookies, as far as sign-in cares.

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every form
  body: any
  cookies: string[]
}

export function createBrowser(db: Database, changes: Partial<AuthEnv> = {}) {
  const env = { ...testEnv, ...changes }
  const auth = createAuth({ db, env })
  const jar = new Map<string, string>()

  function request(path: string, init: RequestInit = {}, ip = '192.0.2.1'): Request {
    const cookie = [...jar].map((pair) => pair.join('=')).join('; ')
    const made = new Request(`http://localhost:3000${path}`, {
      ...init,
      headers: { cookie, ...init.headers },
    })
    return Object.assign(made, { ip })
  }

  async function send(method: string, path: string, body?: unknown, ip?: string): Promise<Answer> {
    return sendInit(path, body === undefined ? { method } : posted(JSON.stringify(body), method), ip)
  }

  async function sendInit(path: string, init: RequestInit, ip?: string): Promise<Answer> {
    const response = await answered(auth.handler(request(path, init, ip)))
    const cookies = response.headers.getSetCookie()
    for (const cookie of cookies) keep(cookie)
    return { status: response.status, body: await response.json(), cookies }
  }

  function keep(cookie: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (/max-age=0/i.test(cookie)) jar.delete(name)
    else jar.set(name, value)
  }

  return {
    env,
    auth,
    jar,
    request,
    send,
    /** JSON that no object of ours says, as it is. */
    sendText: (path: string, body: string) => sendInit(path, posted(body)),
    callerId: async () => (await auth.callerOf(request('/'))).accountId,
    signIn: (email: string, password: string, ip?: string) =>
      send('POST', '/api/auth/sign-in', { email, password }, ip),
    signOut: () => send('POST', '/api/auth/sign-out', {}),
    accept: (token: string, display_name: string, id?: string) =>
      send('POST', '/api/auth/accept-invitation', { token, display_name, id }),
  }
}

function posted(body: string, method = 'POST'): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body }
}

export const testEnv: AuthEnv = {
  AUTH_MODE: 'accounts',
  AUTH_SECRET: randomBytes(32).toString('hex'),
  PUBLIC_URL: 'http://localhost:3000',
  TRUST_PROXY: false,
}

/** As the edge of the server answers. */
async function answered(response: Promise<Response>): Promise<Response> {
  return response.catch((error: unknown) => {
    if (error instanceof AppError) return errorResponse(error)
    throw error
  })
}

export async function apply<Name extends MutationName>(
  db: Database,
  accountId: string,
  name: Name,
  input: MutationInput<Name>,
) {
  return applyMutation(db, { accountId }, { mutationId: uuidv7(), name, input })
}

/** A new account with a session of its own and an invitation to it. */
export async function invite(db: Database, auth: Auth, { max_uses = 1 } = {}) {
  const email = `${uuidv7()}@example.com`
  const owner = await auth.createAccount({ email, display_name: 'Olga', password: 'a long enough one' })
  const session_id = uuidv7()
  await apply(db, owner.accountId, 'sessions.create', { id: session_id, title: 'Plans' })
  const token = randomBytes(32).toString('base64url')
  const token_hash = createHash('sha256').update(token).digest('hex')
  const id = uuidv7()
  const invitation = { id, session_id, token_hash, role: 'editor', expires_in_days: 1, max_uses } as const
  await apply(db, owner.accountId, 'invitations.create', invitation)
  return { owner, session_id, token, invitation_id: id }
}
