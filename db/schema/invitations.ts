import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, moment, updatedAt } from './columns.ts'
import { memberRole, sessionMembers } from './session-members.ts'
import { sessions } from './sessions.ts'

/** Never synced. Only the SHA-256 of a link's secret is kept: whoever reads the table cannot use it. */
export const invitations = pgTable(
  'invitations',
  {
    id: id(),
    session_id: uuid()
      .notNull()
      .references(() => sessions.id, { onDelete: 'cascade' }),
    created_by_account_id: uuid().notNull(),
    token_hash: text().notNull().unique(),
    role: memberRole().notNull(),
    expires_at: moment().notNull(),
    max_uses: integer().notNull().default(1),
    uses: integer().notNull().default(0),
    revoked_at: moment(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [
    foreignKey({
      name: 'invitations_by_a_member',
      columns: [t.session_id, t.created_by_account_id],
      foreignColumns: [sessionMembers.session_id, sessionMembers.account_id],
    }).onDelete('cascade'),
    check('invitations_token_hash_form', sql`${t.token_hash} ~ '^[0-9a-f]{64}$'`),
    check('invitations_never_make_owners', sql`${t.role} <> 'owner'`),
    check('invitations_uses', sql`${t.uses} between 0 and ${t.max_uses} and ${t.max_uses} between 1 and 200`),
    index('invitations_session').on(t.session_id),
  ],
)

export type Invitation = typeof invitations.$inferSelect
