import { jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { accounts } from './accounts.ts'
import { createdAt } from './columns.ts'

/** What a mutation answered the first time; the same id sent again gets the same answer and writes nothing. Never synced. */
export interface MutationResult {
  /** 32-bit transaction id that the client waits for in the shape `awaits`; null: nothing to wait for. */
  txid: number | null
  awaits: string | null
}

export const appliedMutations = pgTable(
  'applied_mutations',
  {
    account_id: uuid()
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    mutation_id: uuid().notNull(),
    name: text().notNull(),
    /** Of the input: the same id with another body is a conflict, not a repetition. */
    input_sha256: text().notNull(),
    result: jsonb().$type<MutationResult>(),
    created_at: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.account_id, t.mutation_id] })],
)

export type AppliedMutation = typeof appliedMutations.$inferSelect
