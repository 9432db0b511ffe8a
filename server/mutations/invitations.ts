import { and, eq, isNull, sql } from 'drizzle-orm'
import { invitations } from '#db/schema/invitations.ts'
import { notFound } from '../access.ts'
import { AppError } from '../errors.ts'
import { changed, defineMutations, unchanged } from './define.ts'
import { lockSession } from './session-lock.ts'

export const invitationMutations = defineMutations('invitations', {
  async create(tx, caller, { id, session_id, token_hash, role, expires_in_days, max_uses }) {
    await lockSession(tx, caller, session_id, 'owner')
    const [existing] = await tx.select().from(invitations).where(eq(invitations.id, id))
    if (existing) {
      if (existing.session_id !== session_id) throw notFound()
      const same = existing.token_hash === token_hash && existing.role === role
      if (same && existing.max_uses === max_uses) return unchanged
      throw new AppError('conflict', 'This session already has another invitation by this id.')
    }
    await tx.insert(invitations).values({
      id,
      session_id,
      created_by_account_id: caller.accountId,
      token_hash,
      role,
      expires_at: sql`now() + make_interval(days => ${expires_in_days}::int)`,
      max_uses,
    })
    return changed(null)
  },

  async revoke(tx, caller, { id }) {
    await lockSession(tx, caller, sql`(select session_id from invitations where id = ${id})`, 'owner')
    const revoked = await tx
      .update(invitations)
      .set({ revoked_at: sql`now()` })
      .where(and(eq(invitations.id, id), isNull(invitations.revoked_at)))
      .returning({ id: invitations.id })
    return revoked.length > 0 ? changed(null) : unchanged
  },
})
