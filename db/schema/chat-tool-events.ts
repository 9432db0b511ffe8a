import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, jsonb, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { CitedEvent } from './chat-messages.ts'
import { chatThreads } from './chat-threads.ts'
import { createdAt, id, moment, updatedAt } from './columns.ts'
import { sessionMembers } from './session-members.ts'
import { sessions } from './sessions.ts'

export const toolStatus = pgEnum('tool_status', ['pending', 'executing', 'succeeded', 'failed', 'abandoned'])

export const chatToolEvents = pgTable(
  'chat_tool_events',
  {
    id: id(),
    session_id: uuid()
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    thread_id: uuid(),
    /** The provider's own id; not unique, not even within a thread. */
    tool_call_id: text(),
    tool_name: text().notNull(),
    arguments: jsonb().$type<unknown>(),
    status: toolStatus().notNull(),
    result: jsonb().$type<unknown>(),
    error: text(),
    cited_events: jsonb().$type<CitedEvent[]>(),
    created_by_account_id: uuid(),
    started_at: moment().notNull(),
    completed_at: moment(),
    latency_ms: integer(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [
    foreignKey({
      name: 'chat_tool_events_of_a_thread',
      columns: [t.thread_id, t.session_id],
      foreignColumns: [chatThreads.id, chatThreads.session_id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'chat_tool_events_by_a_member',
      columns: [t.session_id, t.created_by_account_id],
      foreignColumns: [sessionMembers.session_id, sessionMembers.account_id],
    }),
    check('chat_tool_events_name_length', sql`char_length(${t.tool_name}) between 1 and 200`),
    check(
      'chat_tool_events_open_have_no_outcome',
      sql`${t.status} not in ('pending', 'executing') or (${t.result} is null and ${t.error} is null and ${t.completed_at} is null)`,
    ),
    check('chat_tool_events_result_means_succeeded', sql`${t.result} is null or ${t.status} = 'succeeded'`),
    check(
      'chat_tool_events_error_means_failed',
      sql`${t.error} is null or ${t.status} in ('failed', 'abandoned')`,
    ),
    check('chat_tool_events_latency', sql`${t.latency_ms} >= 0`),
    index('chat_tool_events_reading').on(t.session_id, t.thread_id, t.started_at),
  ],
)

export type ChatToolEvent = typeof chatToolEvents.$inferSelect
