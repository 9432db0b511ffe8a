import { sql } from 'drizzle-orm'
import { check, index, pgEnum, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { accounts } from './accounts.ts'
import { createdAt, moment, updatedAt } from './columns.ts'
import { sessions } from './sessions.ts'

export const memberRole = pgEnum('member_role', ['owner', 'editor', 'viewer'])

/** Rows stay after a person left, so that old messages keep their author's name; access requires `left_at is null`. */
export const sessionMembers = pgTable(
  'session_members',
  {
    session_id: uuid()
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    account_id: uuid()
      .notNull()
      .references(() => accounts.id),
    display_name: text().notNull(),
    role: memberRole().notNull(),
    joined_at: moment().notNull().defaultNow(),
    left_at: moment(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [
    primaryKey({ columns: [t.session_id, t.account_id] }),
    check('session_members_display_name_length', sql`char_length(${t.display_name}) between 1 and 100`),
    check('session_members_left_after_joined', sql`${t.left_at} >= ${t.joined_at}`),
    index('session_members_account').on(t.account_id),
  ],
)

export type SessionMember = typeof sessionMembers.$inferSelect
export type MemberRole = SessionMember['role']
