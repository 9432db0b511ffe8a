import { inboxEntries } from '#db/schema/inbox-entries.ts'
import { defineShape } from './define.ts'

export const inboxEntriesShape = defineShape(inboxEntries, 'account', [
  'account_id',
  'session_id',
  'title',
  'last_message_preview',
  'last_message_author',
  'last_message_at',
  'unread_count',
  'last_read_at',
  'pinned',
  'archived_at',
  'created_at',
  'updated_at',
])
