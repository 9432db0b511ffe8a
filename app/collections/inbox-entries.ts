import type { InboxEntry } from '#db/schema/inbox-entries.ts'
import type { Binding } from '../sync/synced-collection.ts'
import { type Effects, edit } from './effects.ts'
import type { SessionCollections } from './workspace.tsx'

export const inboxEntries: Binding<InboxEntry> = {
  shape: 'inbox_entries',
  key: ({ session_id }) => session_id,
}

export const inboxEntryEffects: Effects<'inbox_entries.markRead' | 'inbox_entries.pin'> = {
  'inbox_entries.markRead': (view, { session_id, message_id }) => {
    const messages = view.openSession(session_id)?.messages
    const read = messages?.get(message_id)
    if (!messages || !read) return
    const unread_count = unreadAfter(messages, read.created_at, view.accountId)
    edit(view.inbox, session_id, { last_read_at: read.created_at, unread_count })
  },
  'inbox_entries.pin': (view, { session_id, pinned }) => edit(view.inbox, session_id, { pinned }),
}

// As the server counts: what others wrote later and did not take back.
function unreadAfter(messages: SessionCollections['messages'], readAt: Date, accountId: string): number {
  let unread = 0
  for (const { created_at, removed_at, author_account_id } of messages.values()) {
    if (created_at > readAt && removed_at === null && author_account_id !== accountId) unread++
  }
  return unread
}
