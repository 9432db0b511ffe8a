import { sql } from 'drizzle-orm'
import { check, pgEnum, pgTable, text } from 'drizzle-orm/pg-core'
import { createdAt, id, updatedAt } from './columns.ts'

/** `local`: the one person of a machine without sign-in; `guest`: came by an invitation; `full`: can sign in. */
export const accountKind = pgEnum('account_kind', ['local', 'guest', 'full'])

export const accounts = pgTable(
  'accounts',
  {
    id: id(),
    display_name: text().notNull(),
    kind: accountKind().notNull(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [check('accounts_display_name_length', sql`char_length(${t.display_name}) between 1 and 100`)],
)

export type Account = typeof accounts.$inferSelect
