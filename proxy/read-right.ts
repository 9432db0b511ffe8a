import { type Shape, shapeNamed } from '#electric/shapes/index.ts'
import { AppError } from '#server/errors.ts'
import type { Deadlines } from './deadlines.ts'
import { notValid, type ShapeClaims } from './shape-tokens.ts'
import type { Trust } from './trust.ts'

/** What a verified token lets its holder read: one scope of one shape. */
export interface ReadRight {
  shape: Shape
  /** The one value that the shape's one predicate compares with. */
  scopeId: string
}

/**
 * @param claims of a token that was verified.
 * @param asked what the caller says she wants; the claims decide whether she gets it.
 * @throws AppError unauthenticated, not_found, invalid, unavailable.
 */
export function readRight(
  trust: Trust,
  claims: ShapeClaims,
  asked: { shapeName: string; sessionId: string | null },
): ReadRight {
  const shape = shapeNamed(asked.shapeName)
  if (!shape) throw new AppError('not_found', 'There is no such shape.')
  if (shape.scope === 'account') {
    if (asked.sessionId !== null) throw new AppError('invalid', 'This shape takes no session_id.')
    // A session's token is for that session alone.
    if (claims.sessionId !== null) throw notYours()
    return { shape, scopeId: claims.accountId }
  }
  if (asked.sessionId === null) throw new AppError('invalid', 'This shape needs a session_id.')
  if (claims.sessionId !== asked.sessionId.toLowerCase()) throw notYours()
  assertGood(trust, claims)
  return { shape, scopeId: claims.sessionId }
}

/**
 * Whether rows may be sent on these claims now. Verified once, it is looked at again before each answer.
 * @throws AppError unauthenticated, or unavailable while a removal could go unnoticed.
 */
export function assertGood(
  { endings, assertCurrent }: Pick<Trust, 'endings' | 'assertCurrent'>,
  { accountId, sessionId, issuedAtMs, expiresAtMs }: ShapeClaims,
): void {
  if (expiresAtMs <= Date.now()) throw notValid()
  if (sessionId === null) return
  assertCurrent()
  if (endings.hasEnded({ accountId, sessionId, issuedAtMs })) throw notValid()
}

/**
 * Calls back once when the right ends: the token expires, or access is taken away.
 * @returns how to stop waiting.
 */
export function onceEnded(
  { endings }: Pick<Trust, 'endings'>,
  deadlines: Deadlines,
  { accountId, sessionId, issuedAtMs, expiresAtMs }: ShapeClaims,
  ended: () => void,
): () => void {
  const spare = deadlines.add(expiresAtMs, ended)
  if (sessionId === null) return spare
  const stopWaiting = endings.onEnd({ accountId, sessionId, issuedAtMs }, ended)
  return () => {
    spare()
    stopWaiting()
  }
}

function notYours(): AppError {
  return new AppError('not_found', 'There is no such session, or you are not a member of it.')
}
