import { sql } from 'drizzle-orm'
import { check, index, integer, pgEnum, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core'
import { accounts } from './accounts.ts'
import { createdAt, id, moment, updatedAt } from './columns.ts'

export const sessionVisibility = pgEnum('session_visibility', ['members'])

/** A session has at most this many people at a time: the writes of a message fan out to each of them. */
export const MAX_SESSION_MEMBERS = 200

export const sessions = pgTable(
  'sessions',
  {
    id: id(),
    owner_account_id: uuid()
      .notNull()
      .references(() => accounts.id),
    title: text().notNull(),
    agent: text(),
    native_id: text(),
    cwd: text(),
    repository: text(),
    branch: text(),
    commit: text(),
    model: text(),
    visibility: sessionVisibility().notNull().default('members'),
    member_count: integer().notNull().default(0),
    thread_count: integer().notNull().default(0),
    message_count: integer().notNull().default(0),
    last_message_at: moment(),
    started_at: moment(),
    ended_at: moment(),
    archived_at: moment(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [
    check('sessions_title_length', sql`char_length(${t.title}) between 1 and 200`),
    check('sessions_agent_known', sql`${t.agent} in ('codex', 'claude', 'gemini')`),
    check('sessions_native_id_of_an_agent', sql`${t.native_id} is null or ${t.agent} is not null`),
    check(
      'sessions_member_count',
      sql`${t.member_count} between 0 and ${sql.raw(String(MAX_SESSION_MEMBERS))}`,
    ),
    check('sessions_counters', sql`${t.thread_count} >= 0 and ${t.message_count} >= 0`),
    check('sessions_end_after_start', sql`${t.ended_at} >= ${t.started_at}`),
    // Within an owner only: nobody can join, overwrite or probe another's session by naming its native id.
    unique('sessions_identity').on(t.owner_account_id, t.agent, t.native_id),
    index('sessions_owner').on(t.owner_account_id),
  ],
)

export type Session = typeof sessions.$inferSelect
