import { hash } from 'node:crypto'
import { type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import { BoundedCache } from './bounded-cache.ts'
import { ALGORITHM, type SigningKey } from './signing-key.ts'
import type { Trust } from './trust.ts'

export const TOKEN_LIFETIME_MS = 5 * 60_000
const TYPE = 'shape+jwt'
const ISSUER = 'throughline'
const AUDIENCE = 'shapes'
const MAX_TOKEN_LENGTH = 2048
const MAX_CACHED_TOKENS = 10_000
/** App and Postgres may run on different machines, and `iat` is Postgres's. */
const CLOCK_SKEW_S = 30

/** What a token proves. Times are milliseconds since the epoch. */
export interface ShapeClaims {
  accountId: string
  sessionId: string | null
  issuedAtMs: number
  expiresAtMs: number
}

// Closed on purpose: a claim that nobody here knows may have been meant to restrict.
const claimsSchema = z.strictObject({
  iss: z.literal(ISSUER),
  aud: z.literal(AUDIENCE),
  sub: z.uuid(),
  session_id: z.uuid().optional(),
  iat: z.number().positive(),
  exp: z.number().positive(),
})

/** Signs what was granted; the token ends five minutes after the grant. */
export function signShapeToken(
  key: SigningKey,
  grant: { accountId: string; sessionId: string | null; issuedAtMs: number },
): Promise<string> {
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: grant.accountId,
    ...(grant.sessionId && { session_id: grant.sessionId }),
    iat: grant.issuedAtMs / 1000,
    exp: (grant.issuedAtMs + TOKEN_LIFETIME_MS) / 1000,
  }
  const header = { alg: ALGORITHM, typ: TYPE, kid: key.kid }
  return new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey)
}

export interface TokenVerifier {
  /** @throws AppError unauthenticated, the same for every defect. */
  verify(token: string): Promise<ShapeClaims>
  /** For the metrics: how often a token was known already, how often it was not, and how many are. */
  readonly counts: Readonly<{ known: number; checked: number; size: number }>
}

export function createTokenVerifier(
  trust: Pick<Trust, 'key' | 'knowsKey'>,
  now: () => number = Date.now,
): TokenVerifier {
  const verified = new BoundedCache<Verified>(MAX_CACHED_TOKENS)
  const checking = new Map<string, Promise<Verified>>()
  const counts = { known: 0, checked: 0 }

  const check = async (token: string): Promise<Verified> => {
    if (token.length > MAX_TOKEN_LENGTH) throw notValid()
    const { payload, protectedHeader } = await jwtVerify(token, (header) => keyFor(trust, header), {
      algorithms: [ALGORITHM],
      typ: TYPE,
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'iat', 'exp'],
      maxTokenAge: TOKEN_LIFETIME_MS / 1000,
      clockTolerance: CLOCK_SKEW_S,
      currentDate: new Date(now()),
    })
    return { claims: readClaims(payload), kid: String(protectedHeader.kid) }
  }

  // A page asks for many shapes at once, all with the same token.
  const checkOnce = (token: string) => {
    const running = checking.get(token)
    if (running) return running
    counts.checked++
    const begun = check(token)
      .catch(refuse)
      .finally(() => checking.delete(token))
    checking.set(token, begun)
    return begun
  }

  return {
    verify: async (token) => {
      // By digest, which is a tenth of a token: there are many, and each waits as long as its reader.
      const digest = hash('sha256', token, 'base64url')
      const cached = verified.get(digest)
      if (cached) counts.known++
      const entry = cached ?? (await checkOnce(token))
      if (entry.claims.expiresAtMs <= now() || !trust.knowsKey(entry.kid)) {
        verified.delete(digest)
        throw notValid()
      }
      // Only good tokens are kept: junk, however much of it, takes no place.
      if (!cached) verified.set(digest, entry)
      return entry.claims
    },
    get counts() {
      return { ...counts, size: verified.size }
    },
  }
}

interface Verified {
  claims: ShapeClaims
  kid: string
}

const KNOWN_HEADERS = new Set(['alg', 'typ', 'kid'])

// The key comes from our own table by its id; a header that names or carries a key is not even looked at.
async function keyFor(trust: Pick<Trust, 'key'>, header: JWTHeaderParameters) {
  if (!Object.keys(header).every((name) => KNOWN_HEADERS.has(name))) throw notValid()
  if (typeof header.kid !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(header.kid)) throw notValid()
  const key = await trust.key(header.kid)
  if (!key) throw notValid()
  return key
}

function readClaims(payload: unknown): ShapeClaims {
  const { sub, session_id, iat, exp } = claimsSchema.parse(payload)
  const issuedAtMs = Math.round(iat * 1000)
  const expiresAtMs = Math.round(exp * 1000)
  if (expiresAtMs - issuedAtMs > TOKEN_LIFETIME_MS) throw notValid()
  return { accountId: sub, sessionId: session_id ?? null, issuedAtMs, expiresAtMs }
}

function refuse(cause: unknown): never {
  if (cause instanceof AppError) throw cause
  throw notValid(cause)
}

export function notValid(cause?: unknown): AppError {
  return new AppError('unauthenticated', 'The shape token is not valid or has expired. Ask for a new one.', {
    cause,
  })
}
