import { and, asc, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { accounts } from '#db/schema/accounts.ts'
import { inboxEntries } from '#db/schema/inbox-entries.ts'
import { invitations } from '#db/schema/invitations.ts'
import { type MemberRole, sessionMembers } from '#db/schema/session-members.ts'
import { type Session, sessions } from '#db/schema/sessions.ts'
import { notFound } from '../access.ts'
import { AppError } from '../errors.ts'
import type { Caller } from './define.ts'
import { lastOfSession } from './inbox-fanout.ts'

/** The caller's name, held until the commit. Taken before any session's lock, as renaming the account does. */
export async function ownName(tx: Transaction, caller: Caller): Promise<string> {
  const [account] = await tx
    .select({ name: accounts.display_name })
    .from(accounts)
    .where(eq(accounts.id, caller.accountId))
    .for('share')
  if (!account) throw notFound()
  return account.name
}

/** Writes the rows of a member who comes in, or comes back. What was said before counts as read. */
export async function takeIn(
  tx: Transaction,
  session: Pick<Session, 'id' | 'title'>,
  member: { accountId: string; name: string; role: MemberRole },
): Promise<void> {
  const now = sql`clock_timestamp()`
  const joined = { role: member.role, display_name: member.name, joined_at: now, left_at: null }
  await tx
    .insert(sessionMembers)
    .values({ session_id: session.id, account_id: member.accountId, ...joined })
    .onConflictDoUpdate({ target: [sessionMembers.session_id, sessionMembers.account_id], set: joined })
  await tx.execute(sql`
    insert into inbox_entries (account_id, session_id, title, archived_at, last_read_at,
                               last_message_at, last_message_preview, last_message_author)
    select ${member.accountId}, s.id, s.title, s.archived_at, clock_timestamp(), m.created_at, m.preview, m.author
    from sessions s, (${lastOfSession(session.id)}) m where s.id = ${session.id}`)
}

type Owned = Pick<Session, 'id' | 'owner_account_id'>

/**
 * Ends a live membership; a trigger announces it, which ends the person's streams.
 * @throws AppError conflict for the last owner.
 */
export async function takeOut(tx: Transaction, session: Owned, accountId: string): Promise<void> {
  await passOwnershipOn(tx, session, accountId)
  const [left] = await tx
    .update(sessionMembers)
    .set({ left_at: sql`greatest(joined_at, clock_timestamp())` })
    .where(and(membership(session.id, accountId), isNull(sessionMembers.left_at)))
    .returning({ account_id: sessionMembers.account_id })
  if (!left) throw notFound()
  await endInvitations(tx, session.id, accountId)
  await tx.update(sessions).set({ member_count: sql`member_count - 1` }).where(eq(sessions.id, session.id))
  await tx
    .delete(inboxEntries)
    .where(and(eq(inboxEntries.session_id, session.id), eq(inboxEntries.account_id, accountId)))
}

/**
 * Before an account stops being an owner: another must be left, and the session's log must belong to one of them.
 * Does nothing for who is no owner.
 * @throws AppError conflict for the last owner.
 */
export async function passOwnershipOn(tx: Transaction, session: Owned, accountId: string): Promise<void> {
  const owners = await tx
    .select({ id: sessionMembers.account_id })
    .from(sessionMembers)
    .where(
      and(
        eq(sessionMembers.session_id, session.id),
        eq(sessionMembers.role, 'owner'),
        isNull(sessionMembers.left_at),
      ),
    )
    .orderBy(asc(sessionMembers.joined_at), asc(sessionMembers.account_id))
  if (!owners.some((owner) => owner.id === accountId)) return
  const next = owners.find((owner) => owner.id !== accountId)
  if (!next) {
    throw new AppError('conflict', 'A session needs an owner: hand it over first, or delete it.')
  }
  if (session.owner_account_id === accountId) await setOwner(tx, session.id, next.id)
}

export async function setOwner(tx: Transaction, sessionId: string, accountId: string): Promise<void> {
  await tx
    .update(sessions)
    .set({ owner_account_id: accountId })
    .where(and(eq(sessions.id, sessionId), ne(sessions.owner_account_id, accountId)))
}

export async function setRole(
  tx: Transaction,
  sessionId: string,
  accountId: string,
  role: MemberRole,
): Promise<void> {
  await tx.update(sessionMembers).set({ role }).where(membership(sessionId, accountId))
  if (role !== 'owner') await endInvitations(tx, sessionId, accountId)
}

/** Only owners invite: what somebody invited to as an owner ends with that. */
async function endInvitations(tx: Transaction, sessionId: string, accountId: string): Promise<void> {
  await tx
    .update(invitations)
    .set({ revoked_at: sql`now()` })
    .where(
      and(
        eq(invitations.session_id, sessionId),
        eq(invitations.created_by_account_id, accountId),
        isNull(invitations.revoked_at),
      ),
    )
}

function membership(sessionId: string, accountId: string) {
  return and(eq(sessionMembers.session_id, sessionId), eq(sessionMembers.account_id, accountId))
}
