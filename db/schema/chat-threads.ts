import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgEnum, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, moment, updatedAt } from './columns.ts'
import { sessionMembers } from './session-members.ts'
import { sessions } from './sessions.ts'

export const threadMode = pgEnum('thread_mode', ['session', 'general'])
export const threadStatus = pgEnum('thread_status', ['active', 'archived'])

export const chatThreads = pgTable(
  'chat_threads',
  {
    id: id(),
    session_id: uuid()
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    mode: threadMode().notNull(),
    title: text().notNull(),
    status: threadStatus().notNull().default('active'),
    created_by_account_id: uuid(),
    /** The position that the newest message has; the next one gets the next. Moves only under the thread's row lock. */
    last_position: integer().notNull().default(0),
    message_count: integer().notNull().default(0),
    last_message_preview: text(),
    last_message_at: moment(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [
    // What children reference, so that a message can never sit in one session and in another's thread.
    unique('chat_threads_id_session').on(t.id, t.session_id),
    foreignKey({
      name: 'chat_threads_by_a_member',
      columns: [t.session_id, t.created_by_account_id],
      foreignColumns: [sessionMembers.session_id, sessionMembers.account_id],
    }),
    check('chat_threads_title_length', sql`char_length(${t.title}) between 1 and 200`),
    check('chat_threads_counters', sql`${t.message_count} between 0 and ${t.last_position}`),
    check('chat_threads_preview_length', sql`char_length(${t.last_message_preview}) <= 280`),
    index('chat_threads_session').on(t.session_id),
  ],
)

export type ChatThread = typeof chatThreads.$inferSelect
