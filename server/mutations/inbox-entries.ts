import { and, eq, sql } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { type InboxEntry, inboxEntries } from '#db/schema/inbox-entries.ts'
import { notFound } from '../access.ts'
import { type Caller, changed, defineMutations, unchanged } from './define.ts'

export const inboxEntryMutations = defineMutations('inbox_entries', {
  async markRead(tx, caller, { session_id, message_id }) {
    await lockOwnEntry(tx, caller, session_id)
    const found = await tx.execute(
      sql`select from chat_messages where id = ${message_id} and session_id = ${session_id}`,
    )
    if (found.length === 0) throw notFound()
    // A statement of its own, begun under the lock: a message sent meanwhile is either counted here or adds itself after.
    const moved = await tx.execute(sql`
      update inbox_entries i set last_read_at = read.created_at, unread_count = (
        select count(*) from chat_messages m
        where m.session_id = read.session_id and m.created_at > read.created_at and m.removed_at is null
          and m.author_account_id is distinct from i.account_id)
      from chat_messages read
      where read.id = ${message_id} and i.account_id = ${caller.accountId} and i.session_id = ${session_id}
        and (i.last_read_at is null or i.last_read_at < read.created_at)
      returning i.session_id`)
    return moved.length > 0 ? changed('inbox_entries') : unchanged
  },

  async pin(tx, caller, { session_id, pinned }) {
    const entry = await lockOwnEntry(tx, caller, session_id)
    if (entry.pinned === pinned) return unchanged
    await tx.update(inboxEntries).set({ pinned }).where(ownEntry(caller, session_id))
    return changed('inbox_entries')
  },
})

/** The entry is there exactly while its account takes part, so finding it is the authorisation. */
async function lockOwnEntry(tx: Transaction, caller: Caller, sessionId: string): Promise<InboxEntry> {
  const [entry] = await tx.select().from(inboxEntries).where(ownEntry(caller, sessionId)).for('no key update')
  if (!entry) throw notFound()
  return entry
}

function ownEntry(caller: Caller, sessionId: string) {
  return and(eq(inboxEntries.account_id, caller.accountId), eq(inboxEntries.session_id, sessionId))
}
