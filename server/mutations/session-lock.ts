import { and, eq, exists, isNull, type SQL } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { type MemberRole, type SessionMember, sessionMembers } from '#db/schema/session-members.ts'
import { type Session, sessions } from '#db/schema/sessions.ts'
import { AppError } from '../errors.ts'
import type { Caller } from './define.ts'

const RANK: Record<MemberRole, number> = { viewer: 0, editor: 1, owner: 2 }
const MAY: Record<MemberRole, string> = {
  viewer: 'read here',
  editor: 'write here. Ask an owner of the session for the role editor',
  owner: 'do this. Ask an owner of the session',
}

export interface LockedSession {
  session: Session
  member: SessionMember
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
  const [session] = await tx
    .select()
    .from(sessions)
    .where(and(eq(sessions.id, id), exists(tx.select().from(sessionMembers).where(takesPart))))
    .for('no key update')
  if (!session) throw notFound()
  // Read again under the lock: the statement above may have waited for somebody who ended this membership.
  const member = await liveMember(tx, session.id, caller.accountId)
  if (!member) throw notFound()
  if (RANK[member.role] < RANK[atLeast]) {
    throw new AppError('forbidden', `A ${member.role} may not ${MAY[atLeast]}.`)
  }
  return { session, member }
}

export async function liveMember(
  tx: Transaction,
  sessionId: string,
  accountId: string,
): Promise<SessionMember | undefined> {
  const [member] = await tx
    .select()
    .from(sessionMembers)
    .where(
      and(
        eq(sessionMembers.session_id, sessionId),
        eq(sessionMembers.account_id, accountId),
        isNull(sessionMembers.left_at),
      ),
    )
  return member
}

/** One answer for what is not there and what is not the caller's. */
export function notFound(): AppError {
  return new AppError('not_found', 'There is nothing here by this id that you take part in.')
}

export function refuseArchived({ session }: LockedSession): void {
  if (session.archived_at === null) return
  throw new AppError('conflict', 'This session is archived: it can be read, not written. Unarchive it first.')
}
