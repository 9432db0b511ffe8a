import { foreignKey, index, pgEnum, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core'
import { accounts } from './accounts.ts'
import { createdAt, id, updatedAt } from './columns.ts'
import { importRuns } from './import-runs.ts'

export const importFate = pgEnum('import_fate', [
  'created',
  'updated',
  'unchanged',
  'kept',
  'merged',
  'quarantined',
])

/** Every record the importer ever read: where it came from, its raw form, what became of it. Never synced. */
export const importRecords = pgTable(
  'import_records',
  {
    id: id(),
    account_id: uuid()
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    run_id: uuid().notNull(),
    source: text().notNull(),
    kind: text().notNull(),
    /** The old id; where a record has none, one made from its file and its content. */
    legacy_id: text().notNull(),
    /** The record as JSON text: jsonb would refuse \u0000 and lose the order of keys. */
    raw: text().notNull(),
    raw_sha256: text().notNull(),
    fate: importFate().notNull(),
    reason: text(),
    /** The row that holds it, null when quarantined. The row may have been removed by people since. */
    target_table: text(),
    target_id: uuid(),
    /** Digest of the target as the importer wrote it: a row that no longer matches was changed by people and is left alone. */
    target_sha256: text(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  (t) => [
    foreignKey({
      name: 'import_records_of_a_run',
      columns: [t.run_id],
      foreignColumns: [importRuns.id],
    }).onDelete('cascade'),
    unique('import_records_identity').on(t.account_id, t.source, t.kind, t.legacy_id),
    index('import_records_target').on(t.target_table, t.target_id),
    index('import_records_run').on(t.run_id),
  ],
)

export type ImportRecord = typeof importRecords.$inferSelect
