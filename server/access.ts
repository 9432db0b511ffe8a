import { and, eq, isNull, type SQL } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { type MemberRole, type SessionMember, sessionMembers } from '#db/schema/session-members.ts'
import { AppError } from './errors.ts'

const RANK: Record<MemberRole, number> = { viewer: 0, editor: 1, owner: 2 }
const MAY: Record<MemberRole, string> = {
  viewer: 'read here',
  editor: 'write here. Ask an owner of the session for the role editor',
  owner: 'do this. Ask an owner of the session',
}

export type LiveMember = Pick<SessionMember, 'account_id' | 'display_name' | 'role'>

/** The membership that gives access; who left has none. */
export async function liveMember(
  tx: Transaction,
  sessionId: string | SQL,
  accountId: string,
): Promise<LiveMember | undefined> {
  const { account_id, display_name, role } = sessionMembers
  const [member] = await tx
    .select({ account_id, display_name, role })
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

/** @throws AppError not_found for who does not take part, as if nothing were there; forbidden when the role is too low. */
export function requireRole(member: LiveMember | undefined, atLeast: MemberRole): LiveMember {
  if (!member) throw notFound()
  if (RANK[member.role] >= RANK[atLeast]) return member
  const article = member.role === 'viewer' ? 'A' : 'An'
  throw new AppError('forbidden', `${article} ${member.role} may not ${MAY[atLeast]}.`)
}

/** One answer for what is not there and what is not the caller's. */
export function notFound(): AppError {
  return new AppError('not_found', 'There is nothing here by this id that you take part in.')
}
