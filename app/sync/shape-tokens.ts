/** What a token is for: a session's rows, or (null) the account's own. */
export type TokenScope = string | null

export interface ShapeToken {
  token: string
  /** By this page's own clock of milliseconds (performance.now): the person's clock may be wrong. */
  expiresAtMs: number
}

/** The server says that this scope cannot be read (any more): by its status, 401 signed out or 404 not a member. */
export class ScopeEnded extends Error {
  override name = 'ScopeEnded'
  readonly status: number

  constructor(status: number) {
    super(`This cannot be read any more (${status}).`)
    this.status = status
  }
}

export interface ShapeTokens {
  /**
   * A token that is good for at least another minute.
   * @throws ScopeEnded; or whatever fetch throws when the server cannot be reached.
   */
  get(scope: TokenScope): Promise<ShapeToken>
  /** The same, if it is there already. */
  peek(scope: TokenScope): ShapeToken | null
  /** After a 401: the next `get` asks for a new one, unless that has happened already. */
  reject(scope: TokenScope, token: string): void
}

export interface ShapeTokenOptions {
  fetch: typeof fetch
  url: string
  /** Awaited before a session's token is asked for: a session made in this tab may not have reached the server yet. */
  whenReadable?: (sessionId: string) => Promise<void>
  now?: () => number
  /** An answer that takes longer is lost. All shapes wait for it, so it must not be waited for without end. */
  timeoutMs?: number
}

/** Tokens are renewed this long before they end. */
export const RENEW_BEFORE_MS = 60_000
const TIMEOUT_MS = 30_000

export function createShapeTokens(options: ShapeTokenOptions): ShapeTokens {
  const now = options.now ?? (() => performance.now())
  const tokens = new Map<TokenScope, ShapeToken>()
  const asking = new Map<TokenScope, Promise<ShapeToken>>()

  const ask = async (scope: TokenScope) => {
    if (scope !== null) await options.whenReadable?.(scope)
    const askedAtMs = now()
    const token = await requestToken(options, scope, askedAtMs)
    tokens.set(scope, token)
    return token
  }

  const peek = (scope: TokenScope) => {
    const token = tokens.get(scope)
    return token && token.expiresAtMs - now() > RENEW_BEFORE_MS ? token : null
  }

  return {
    peek,
    get: (scope) => {
      const known = peek(scope)
      if (known) return Promise.resolve(known)
      const running = asking.get(scope) ?? ask(scope).finally(() => asking.delete(scope))
      asking.set(scope, running)
      return running
    },
    reject: (scope, token) => {
      if (tokens.get(scope)?.token === token) tokens.delete(scope)
    },
  }
}

async function requestToken(
  options: ShapeTokenOptions,
  scope: TokenScope,
  askedAtMs: number,
): Promise<ShapeToken> {
  const response = await options.fetch(options.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(scope === null ? {} : { session_id: scope }),
    signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
  })
  if (response.status === 401 || response.status === 404) throw new ScopeEnded(response.status)
  if (!response.ok) throw new TypeError(`No shape token: status ${response.status}`) // as fetch throws: try again
  const { token, expires_in }: { token: string; expires_in: number } = await response.json()
  return { token, expiresAtMs: askedAtMs + expires_in * 1000 }
}
