import { and, asc, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import type { Database } from '#db/client.ts'
import { type Invitation, invitations } from '#db/schema/invitations.ts'
import { liveMember, requireRole } from '../access.ts'

/** Without the token's hash: only who made the link has the link. */
export type LiveInvitation = Pick<
  Invitation,
  'id' | 'session_id' | 'created_by_account_id' | 'role' | 'expires_at' | 'max_uses' | 'uses' | 'created_at'
>

/**
 * The invitations of a session that still let somebody in, oldest first, for its owners.
 * @throws AppError not_found, forbidden.
 */
export async function listInvitations(
  db: Database,
  caller: { accountId: string },
  sessionId: string,
): Promise<LiveInvitation[]> {
  const { value } = await db.transaction(caller.accountId, async (tx) => {
    requireRole(await liveMember(tx, sessionId, caller.accountId), 'owner')
    const { id, session_id, created_by_account_id, role, expires_at, max_uses, uses, created_at } =
      invitations
    return tx
      .select({ id, session_id, created_by_account_id, role, expires_at, max_uses, uses, created_at })
      .from(invitations)
      .where(
        and(
          eq(session_id, sessionId),
          isNull(invitations.revoked_at),
          gt(expires_at, sql`clock_timestamp()`),
          lt(uses, max_uses),
        ),
      )
      .orderBy(asc(created_at), asc(id))
  })
  return value
}
