import { index, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { createdAt, moment } from './columns.ts'

/**
 * Who lost access to what and when: shape tokens issued before are refused. Written by a trigger on session_members,
 * which also notifies the channel `access_ended` with `<account_id> <session_id>`. Rows outlive their session on purpose.
 */
export const accessCutoffs = pgTable(
  'access_cutoffs',
  {
    account_id: uuid().notNull(),
    session_id: uuid().notNull(),
    cutoff_at: moment().notNull(),
    created_at: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.account_id, t.session_id] }),
    index('access_cutoffs_recent').on(t.cutoff_at),
  ],
)

export type AccessCutoff = typeof accessCutoffs.$inferSelect
