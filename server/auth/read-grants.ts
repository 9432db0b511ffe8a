import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database } from '#db/client.ts'
import { accounts, sessionMembers } from '#db/schema/index.ts'
import { AppError } from '../errors.ts'

// Milliseconds of Postgres's own clock: what is compared with access_cutoffs must come from the clock that wrote them.
const nowMs = sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)`.mapWith(Number)

/**
 * When it was certain that the account may read the session, in milliseconds of Postgres's clock.
 * A removal that is just committing is waited for (FOR SHARE), so a grant is either refused or older than the cutoff.
 * @throws AppError not_found for anybody who is not a member, whether the session exists or not.
 */
export async function grantSessionRead(db: Database, accountId: string, sessionId: string): Promise<number> {
  const { value } = await db.transaction(accountId, (tx) =>
    tx
      .select({ nowMs })
      .from(sessionMembers)
      .where(
        and(
          eq(sessionMembers.session_id, sessionId),
          eq(sessionMembers.account_id, accountId),
          isNull(sessionMembers.left_at),
        ),
      )
      .for('share'),
  )
  const [granted] = value
  if (!granted) throw new AppError('not_found', 'There is no such session, or you are not a member of it.')
  return granted.nowMs
}

/** @throws AppError unauthenticated when the account is gone. */
export async function grantAccountRead(db: Database, accountId: string): Promise<number> {
  const { value } = await db.transaction(accountId, (tx) =>
    tx.select({ nowMs }).from(accounts).where(eq(accounts.id, accountId)),
  )
  const [granted] = value
  if (!granted) throw new AppError('unauthenticated', 'This account does not exist any more. Sign in again.')
  return granted.nowMs
}
