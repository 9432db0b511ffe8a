import { createHash } from 'node:crypto'
import { and, count, eq, gt, inArray, like, lt, or, sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Database, Transaction } from '#db/client.ts'
import { verifications } from '#db/schema/index.ts'
import { AppError } from '../errors.ts'

// Attempts are rows of auth.verifications (a hashed key and an end), so that all instances count together; the
// library's own limiter counts in each process, and by a header that anybody can send.

const WINDOW_MINUTES = 15

interface Limit {
  key: string
  max: number
}

interface Attempt {
  id: string
  limits: Limit[]
}

/** Attempts of one window that have not led to a sign-in. */
function limitsOf(email: string, address: string | undefined): Limit[] {
  return [
    // One place trying one email: a person who mistypes stays below it.
    { key: `${email} ${address}`, max: 10 },
    // All places trying one email. Higher, so that one place alone cannot lock its owner out.
    { key: email, max: 50 },
    // One place trying any emails.
    ...(address ? [{ key: address, max: 100 }] : []),
  ].map(({ key, max }) => ({ key: `sign-in ${sha256(key)}`, max }))
}

/**
 * Counts an attempt before its password is looked at, so that attempts sent at the same moment cannot slip through.
 * @returns what to call once the attempt has succeeded.
 * @throws AppError rate_limited when there were too many; a refused attempt does not count.
 */
export async function countAttempt(
  db: Database,
  email: string,
  address: string | undefined,
): Promise<() => Promise<void>> {
  const attempt = { id: uuidv7(), limits: limitsOf(email.toLowerCase(), address) }
  await db.transaction(null, (tx) => record(tx, attempt))
  return async () => {
    await db.transaction(null, (tx) => forgive(tx, attempt))
  }
}

async function record(tx: Transaction, { id, limits }: Attempt): Promise<void> {
  const keys = limits.map(({ key }) => key).sort() // one order for everybody: no deadlock
  for (const key of keys) await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`)
  await sweep(tx)
  const counts = await attemptsSoFar(tx, keys)
  if (limits.some(({ key, max }) => (counts.get(key) ?? 0) >= max)) {
    throw new AppError(
      'rate_limited',
      `Too many attempts to sign in. Try again in ${WINDOW_MINUTES} minutes.`,
    )
  }
  const expires_at = sql`now() + make_interval(mins => ${WINDOW_MINUTES})`
  await tx
    .insert(verifications)
    .values(keys.map((identifier) => ({ id: uuidv7(), identifier, value: id, expires_at })))
}

// Others sweep at the same moment: whoever finds a row locked leaves it to them.
async function sweep(tx: Transaction): Promise<void> {
  const ended = tx
    .select({ id: verifications.id })
    .from(verifications)
    .where(and(like(verifications.identifier, 'sign-in %'), lt(verifications.expires_at, sql`now()`)))
    .for('update', { skipLocked: true })
  await tx.delete(verifications).where(inArray(verifications.id, ended))
}

async function attemptsSoFar(tx: Transaction, keys: string[]): Promise<Map<string, number>> {
  const rows = await tx
    .select({ key: verifications.identifier, attempts: count() })
    .from(verifications)
    .where(and(inArray(verifications.identifier, keys), gt(verifications.expires_at, sql`now()`)))
    .groupBy(verifications.identifier)
  return new Map(rows.map(({ key, attempts }) => [key, attempts]))
}

// The place's own count loses this attempt only: signing in to one's own account must not buy guesses at others.
async function forgive(tx: Transaction, { id, limits }: Attempt): Promise<void> {
  const ofThisEmail = limits.slice(0, 2).map(({ key }) => key)
  const ofThisPlace = limits.slice(2).map(({ key }) => key)
  const { identifier, value } = verifications
  const itself = and(inArray(identifier, ofThisPlace), eq(value, id))
  await tx.delete(verifications).where(or(inArray(identifier, ofThisEmail), itself))
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
