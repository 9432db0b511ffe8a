import { boolean, index, pgSchema, text, uuid } from 'drizzle-orm/pg-core'
import { accounts } from './accounts.ts'
import { createdAt, moment, updatedAt } from './columns.ts'

/** Sign-in's own tables, in a schema of their own: its words "account" and "session" never meet ours. */
export const auth = pgSchema('auth')

export const users = auth.table(
  'users',
  {
    id: text().primaryKey(),
    /** Re-pointed when a guest becomes a full account; no domain row ever changes for that. */
    account_id: uuid()
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    email: text().notNull().unique(),
    email_verified: boolean().notNull().default(false),
    is_anonymous: boolean().notNull().default(false),
    image: text(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [index('users_account').on(t.account_id)],
)

/** Signed-in browsers (the library calls them sessions). */
export const logins = auth.table(
  'logins',
  {
    id: text().primaryKey(),
    user_id: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    token: text().notNull().unique(),
    expires_at: moment().notNull(),
    ip_address: text(),
    user_agent: text(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [index('logins_user').on(t.user_id)],
)

/** Passwords and outside providers (the library calls them accounts). */
export const credentials = auth.table(
  'credentials',
  {
    id: text().primaryKey(),
    user_id: text()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    account_id: text().notNull(),
    provider_id: text().notNull(),
    access_token: text(),
    refresh_token: text(),
    id_token: text(),
    access_token_expires_at: moment(),
    refresh_token_expires_at: moment(),
    scope: text(),
    password: text(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [index('credentials_user').on(t.user_id)],
)

export const verifications = auth.table(
  'verifications',
  {
    id: text().primaryKey(),
    identifier: text().notNull(),
    value: text().notNull(),
    expires_at: moment().notNull(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [index('verifications_identifier').on(t.identifier)],
)
