import { type Shape, shapeNamed } from '#electric/shapes/index.ts'
import { AppError } from '#server/errors.ts'
import type { ProxyState } from './process-state.ts'
import { notValid, type ShapeClaims } from './shape-tokens.ts'

/** A verified right to read one scope of one shape. */
export interface ReadRight {
  shape: Shape
  /** The one value that the shape's one predicate compares with. */
  scopeId: string
  claims: ShapeClaims
}

/**
 * @param asked what the caller says she wants; the token decides whether she gets it.
 * @throws AppError unauthenticated, not_found, invalid, unavailable.
 */
export async function readRight(
  { tokens, trust }: ProxyState,
  asked: { token: string; shapeName: string; sessionId: string | null },
): Promise<ReadRight> {
  const claims = await tokens.verify(asked.token)
  const shape = shapeNamed(asked.shapeName)
  if (!shape) throw new AppError('not_found', 'There is no such shape.')
  if (shape.scope === 'account') {
    if (asked.sessionId !== null) throw new AppError('invalid', 'This shape takes no session_id.')
    // A session's token is for that session alone.
    if (claims.sessionId !== null) throw notYours()
    return { shape, scopeId: claims.accountId, claims }
  }
  if (asked.sessionId === null) throw new AppError('invalid', 'This shape needs a session_id.')
  if (claims.sessionId !== asked.sessionId.toLowerCase()) throw notYours()
  trust.assertCurrent()
  const { accountId, sessionId, issuedAtMs } = claims
  if (trust.endings.hasEnded({ accountId, sessionId, issuedAtMs })) throw notValid()
  return { shape, scopeId: sessionId, claims }
}

export interface Lease {
  /** Aborted with an AppError as its reason the moment the right ends, or with the caller's own when she goes. */
  signal: AbortSignal
  release(): void
}

/** Ends what is under way when the token expires, when access is taken away, or when the caller goes. */
export function leaseOf({ trust }: ProxyState, { claims }: ReadRight, caller: AbortSignal): Lease {
  const ended = new AbortController()
  const end = () => ended.abort(notValid())
  const timer = setTimeout(end, claims.expiresAtMs - Date.now()).unref()
  const { accountId, sessionId, issuedAtMs } = claims
  const stopWaiting = sessionId && trust.endings.onEnd({ accountId, sessionId, issuedAtMs }, end)
  const release = () => {
    clearTimeout(timer)
    if (stopWaiting) stopWaiting()
  }
  const signal = AbortSignal.any([ended.signal, caller])
  signal.addEventListener('abort', release, { once: true })
  return { signal, release }
}

function notYours(): AppError {
  return new AppError('not_found', 'There is no such session, or you are not a member of it.')
}
