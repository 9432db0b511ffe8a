import { gt, sql } from 'drizzle-orm'
import type { Database } from '#db/client.ts'
import { type AccessCutoff, accessCutoffs, type SigningKey, signingKeys } from '#db/schema/index.ts'

/** What decides whether a token that was once good still is. */
export interface TokenTrust {
  /** `is_ageing`: less than half of the time is left for which it was registered. */
  keys: (Pick<SigningKey, 'kid' | 'public_jwk'> & { is_ageing: boolean })[]
  cutoffs: Pick<AccessCutoff, 'account_id' | 'session_id' | 'cutoff_at'>[]
}

const KEY_DAYS = 30

/** The signing keys in force, and the accesses that ended within the last `withinMs` milliseconds. */
export async function loadTokenTrust(db: Database, withinMs: number): Promise<TokenTrust> {
  const { value } = await db.transaction(null, async (tx) => ({
    keys: await tx
      .select({
        kid: signingKeys.kid,
        public_jwk: signingKeys.public_jwk,
        is_ageing: sql<boolean>`${signingKeys.expires_at} < ${daysFromNow(KEY_DAYS / 2)}`,
      })
      .from(signingKeys)
      .where(gt(signingKeys.expires_at, sql`now()`)),
    cutoffs: await tx
      .select({
        account_id: accessCutoffs.account_id,
        session_id: accessCutoffs.session_id,
        cutoff_at: accessCutoffs.cutoff_at,
      })
      .from(accessCutoffs)
      .where(gt(accessCutoffs.cutoff_at, sql`now() - make_interval(secs => ${withinMs / 1000})`)),
  }))
  return value
}

/** Lets every app instance verify what this key signs, for the next 30 days; again before they are over. */
export async function registerSigningKey(
  db: Database,
  key: Pick<SigningKey, 'kid' | 'public_jwk'>,
): Promise<void> {
  const expires_at = daysFromNow(KEY_DAYS)
  await db.transaction(null, (tx) =>
    tx
      .insert(signingKeys)
      .values({ ...key, expires_at })
      .onConflictDoUpdate({ target: signingKeys.kid, set: { expires_at } }),
  )
}

function daysFromNow(days: number) {
  return sql`now() + make_interval(days => ${days})`
}
