import { and, eq, exists, isNull, type SQL, sql } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { type MemberRole, sessionMembers } from '#db/schema/session-members.ts'
import { type Session, sessions } from '#db/schema/sessions.ts'
import { type LiveMember, liveMember, notFound, requireRole } from '../access.ts'
import { AppError } from '../errors.ts'
import type { Caller } from './define.ts'

export interface LockedSession {
  session: Pick<Session, 'id' | 'title' | 'owner_account_id' | 'archived_at'>
  member: LiveMember
}

/**
 * Locks a session for a caller who takes part in it with at least this role. Every change of membership takes the same
 * lock, so what was found holds until the commit. First of all locks but the account's own: session, thread, inbox.
 * @param id of the session, or a subquery that names it by one of its children.
 * @throws AppError not_found for who does not take part, as if it were not there; forbidden when the role is too low.
 */
export async function lockSession(
  tx: Transaction,
  caller: Caller,
  id: string | SQL,
  atLeast: MemberRole,
): Promise<LockedSession> {
  const takesPart = and(
    eq(sessionMembers.session_id, sessions.id),
    eq(sessionMembers.account_id, caller.accountId),
    isNull(sessionMembers.left_at),
  )
  const membership = tx.select({ one: sql`1` }).from(sessionMembers).where(takesPart)
  const { title, owner_account_id, archived_at } = sessions
  const locking = tx
    .select({ id: sessions.id, title, owner_account_id, archived_at })
    .from(sessions)
    .where(and(eq(sessions.id, id), exists(membership)))
    .for('no key update')
    .execute() // sent at once, so ahead of the next
  // Read again under the lock: the statement above may wait for somebody who ends this membership.
  const [[session], member] = await Promise.all([locking, liveMember(tx, id, caller.accountId)])
  if (!session) throw notFound()
  return { session, member: requireRole(member, atLeast) }
}

export function refuseArchived({ session }: LockedSession): void {
  if (session.archived_at === null) return
  throw new AppError('conflict', 'This session is archived: it can be read, not written. Unarchive it first.')
}
