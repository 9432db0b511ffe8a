import { and, eq, inArray, isNull, ne } from 'drizzle-orm'
import { accounts } from '#db/schema/accounts.ts'
import { sessionMembers } from '#db/schema/session-members.ts'
import { sessions } from '#db/schema/sessions.ts'
import { changed, defineMutations, unchanged } from './define.ts'

export const accountMutations = defineMutations('accounts', {
  async rename(tx, caller, { display_name }) {
    // Joining a session reads the name under a share lock of this row: nobody joins with the old name after this.
    const renamed = await tx
      .update(accounts)
      .set({ display_name })
      .where(and(eq(accounts.id, caller.accountId), ne(accounts.display_name, display_name)))
      .returning({ id: accounts.id })
    if (renamed.length === 0) return unchanged
    // Only where she takes part: a name must not change in a session that its owner removed her from.
    const takesPart = and(eq(sessionMembers.account_id, caller.accountId), isNull(sessionMembers.left_at))
    const hers = tx.select({ id: sessionMembers.session_id }).from(sessionMembers).where(takesPart)
    await tx
      .select({ id: sessions.id })
      .from(sessions)
      .where(inArray(sessions.id, hers))
      .orderBy(sessions.id)
      .for('no key update')
    await tx.update(sessionMembers).set({ display_name }).where(takesPart)
    return changed('accounts')
  },
})
