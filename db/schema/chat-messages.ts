import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { chatThreads } from './chat-threads.ts'
import { createdAt, id, moment, updatedAt } from './columns.ts'
import { sessionMembers } from './session-members.ts'

export const messageRole = pgEnum('message_role', ['user', 'assistant', 'system'])

export interface Evidence {
  path?: string
  ruleId?: string
  snippet?: string
  severity?: string
  label?: string
}

export interface CitedEvent {
  eventIndex: number
  displayIndex?: number
  eventId?: string
  eventType?: string
  summary?: string
}

/** Bytes of UTF-8. The input schemas hold the same limit. */
export const MAX_MESSAGE_BYTES = 100 * 1024

export const chatMessages = pgTable(
  'chat_messages',
  {
    id: id(),
    session_id: uuid().notNull(),
    thread_id: uuid().notNull(),
    /** 1…n within the thread, no gaps, no ties: a removed message stays as a tombstone in its place. */
    position: integer().notNull(),
    /** Null for an assistant, and for imported messages whose author nobody recorded. */
    author_account_id: uuid(),
    role: messageRole().notNull(),
    content: text().notNull(),
    /** Account ids mentioned with @; always members of the session at the time. */
    mentions: jsonb().$type<string[]>().notNull().default([]),
    evidence: jsonb().$type<Evidence[]>(),
    cited_events: jsonb().$type<CitedEvent[]>(),
    client_message_id: text(),
    misalignment_id: text(),
    edited_at: moment(),
    removed_at: moment(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [
    foreignKey({
      name: 'chat_messages_of_a_thread',
      columns: [t.thread_id, t.session_id],
      foreignColumns: [chatThreads.id, chatThreads.session_id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'chat_messages_by_a_member',
      columns: [t.session_id, t.author_account_id],
      foreignColumns: [sessionMembers.session_id, sessionMembers.account_id],
    }),
    unique('chat_messages_position').on(t.thread_id, t.position),
    check('chat_messages_position_from_one', sql`${t.position} >= 1`),
    check('chat_messages_size', sql`octet_length(${t.content}) <= ${sql.raw(String(MAX_MESSAGE_BYTES))}`),
    check(
      'chat_messages_tombstones_are_empty',
      sql`${t.removed_at} is null or (${t.content} = '' and ${t.evidence} is null and ${t.cited_events} is null and ${t.mentions} = '[]')`,
    ),
    check('chat_messages_mentions_are_a_list', sql`jsonb_typeof(${t.mentions}) = 'array'`),
    uniqueIndex('chat_messages_client_message_id').on(t.thread_id, t.client_message_id),
    index('chat_messages_reading').on(t.session_id, t.thread_id, t.position),
    index('chat_messages_unread').on(t.session_id, t.created_at),
  ],
)

export type ChatMessage = typeof chatMessages.$inferSelect
