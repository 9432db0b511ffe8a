import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { createdAt, moment, updatedAt } from './columns.ts'
import { sessionMembers } from './session-members.ts'

/** One person's view of a session: what her session list shows without a join. Gone when she leaves. */
export const inboxEntries = pgTable(
  'inbox_entries',
  {
    account_id: uuid().notNull(),
    session_id: uuid().notNull(),
    title: text().notNull(),
    last_message_preview: text(),
    last_message_author: text(),
    last_message_at: moment(),
    unread_count: integer().notNull().default(0),
    last_read_at: moment(),
    pinned: boolean().notNull().default(false),
    archived_at: moment(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [
    primaryKey({ columns: [t.account_id, t.session_id] }),
    foreignKey({
      name: 'inbox_entries_of_a_member',
      columns: [t.session_id, t.account_id],
      foreignColumns: [sessionMembers.session_id, sessionMembers.account_id],
    }).onDelete('cascade'),
    check('inbox_entries_unread_count', sql`${t.unread_count} >= 0`),
    check('inbox_entries_preview_length', sql`char_length(${t.last_message_preview}) <= 280`),
    index('inbox_entries_session').on(t.session_id, t.account_id),
  ],
)

export type InboxEntry = typeof inboxEntries.$inferSelect
