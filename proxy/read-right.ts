import { type Shape, shapeNamed } from '#electric/shapes/index.ts'
import { AppError } from '#server/errors.ts'
import type { AccessHolder } from './access-endings.ts'
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

/** Who reads on a token's claims, and must stop when they hold no longer. */
export interface RightHolder extends AccessHolder {
  readonly claims: ShapeClaims
}

type Watchers = { trust: Pick<Trust, 'endings'>; deadlines: Deadlines }

export function watchRight({ trust, deadlines }: Watchers, holder: RightHolder): void {
  const { claims } = holder
  deadlines.add(claims.expiresAtMs, holder)
  if (isOfSession(claims)) trust.endings.add(claims, holder)
}

/** To be called with the claims that it was watched with. */
export function unwatchRight({ trust, deadlines }: Watchers, holder: RightHolder): void {
  const { claims } = holder
  deadlines.remove(claims.expiresAtMs, holder)
  if (isOfSession(claims)) trust.endings.remove(claims, holder)
}

const isOfSession = (claims: ShapeClaims): claims is ShapeClaims & { sessionId: string } =>
  claims.sessionId !== null

function notYours(): AppError {
  return new AppError('not_found', 'There is no such session, or you are not a member of it.')
}
