import { createHash } from 'node:crypto'
import { and, eq, gt, isNull, lt, notExists, sql } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { type Invitation, invitations } from '#db/schema/invitations.ts'
import { MAX_SESSION_MEMBERS, type Session, sessions } from '#db/schema/sessions.ts'
import { liveMember, notFound } from '../access.ts'
import { AppError } from '../errors.ts'
import { type Caller, changed, defineMutations, unchanged } from './define.ts'
import { ownName, passOwnershipOn, setOwner, setRole, takeIn, takeOut } from './membership.ts'
import { lockSession } from './session-lock.ts'

export const sessionMemberMutations = defineMutations('session_members', {
  async join(tx, caller, { token }) {
    const name = await ownName(tx, caller)
    const { session, invitation } = await lockInvited(tx, token)
    // A link followed twice is no second use, and a weaker link takes nothing away.
    if (await liveMember(tx, session.id, caller.accountId)) return unchanged
    const role = await spendInvitation(tx, invitation, caller)
    await takePlace(tx, session)
    await takeIn(tx, session, { accountId: caller.accountId, name, role })
    return changed('inbox_entries')
  },

  async leave(tx, caller, { session_id }) {
    const { session } = await lockSession(tx, caller, session_id, 'viewer')
    await takeOut(tx, session, caller.accountId)
    return changed(null)
  },

  async remove(tx, caller, { session_id, account_id }) {
    const { session } = await lockSession(tx, caller, session_id, 'owner')
    await takeOut(tx, session, account_id)
    return changed(account_id === caller.accountId ? null : 'session_members')
  },

  async changeRole(tx, caller, { session_id, account_id, role }) {
    const { session } = await lockSession(tx, caller, session_id, 'owner')
    const member = await liveMember(tx, session_id, account_id)
    if (!member) throw notFound()
    if (member.role === role) return unchanged
    await passOwnershipOn(tx, session, account_id)
    await setRole(tx, session_id, account_id, role)
    return changed('session_members')
  },

  async handOver(tx, caller, { session_id, account_id }) {
    await lockSession(tx, caller, session_id, 'owner')
    if (account_id === caller.accountId) throw handedToOneself()
    if (!(await liveMember(tx, session_id, account_id))) throw notFound()
    await setRole(tx, session_id, account_id, 'owner')
    await setRole(tx, session_id, caller.accountId, 'editor')
    await setOwner(tx, session_id, account_id)
    return changed('session_members')
  },
})

function handedToOneself(): AppError {
  const message = 'You are the owner already. Choose another member.'
  return new AppError('invalid', message, { fields: { account_id: ['must be another member'] } })
}

async function lockInvited(
  tx: Transaction,
  token: string,
): Promise<{ session: Session; invitation: Invitation }> {
  const token_hash = createHash('sha256').update(token).digest('hex')
  const [invitation] = await tx.select().from(invitations).where(eq(invitations.token_hash, token_hash))
  if (!invitation) throw noInvitation()
  const [session] = await tx
    .select()
    .from(sessions)
    .where(eq(sessions.id, invitation.session_id))
    .for('no key update')
  if (!session) throw noInvitation()
  return { session, invitation }
}

async function spendInvitation(
  tx: Transaction,
  { id, session_id }: Invitation,
  { accountId }: Caller,
): Promise<Invitation['role']> {
  // Whoever left or was removed comes back by a link that was made afterwards only.
  const leftSince = sql`(select from session_members where session_id = ${session_id}
    and account_id = ${accountId} and left_at >= invitations.created_at)`

  const [used] = await tx
    .update(invitations)
    .set({ uses: sql`uses + 1` })
    .where(
      and(
        eq(invitations.id, id),
        isNull(invitations.revoked_at),
        gt(invitations.expires_at, sql`clock_timestamp()`),
        lt(invitations.uses, invitations.max_uses),
        notExists(leftSince),
      ),
    )
    .returning({ role: invitations.role })
  if (!used) throw noInvitation()
  return used.role
}

async function takePlace(tx: Transaction, session: Session): Promise<void> {
  if (session.member_count >= MAX_SESSION_MEMBERS) {
    throw new AppError('conflict', `This session is full: it has ${MAX_SESSION_MEMBERS} members.`)
  }
  await tx.update(sessions).set({ member_count: sql`member_count + 1` }).where(eq(sessions.id, session.id))
}

// Unknown, expired, revoked and used up are one answer: the link's holder learns nothing about the session.
function noInvitation(): AppError {
  return new AppError('not_found', 'This invitation does not work any more. Ask for a new link.')
}
