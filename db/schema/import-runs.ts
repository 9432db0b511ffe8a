import { sql } from 'drizzle-orm'
import { check, index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { accounts } from './accounts.ts'
import { createdAt, id, moment } from './columns.ts'

export interface ImportedFile {
  name: string
  /** Absent from the folder: reported, not an error. */
  missing: boolean
  bytes: number
  sha256: string | null
  records: number
}

/** One row for each time the importer ran to its end; never synced. */
export const importRuns = pgTable(
  'import_runs',
  {
    id: id(),
    account_id: uuid()
      .notNull()
      .references(() => accounts.id, { onDelete: 'cascade' }),
    source: text().notNull(),
    folder: text().notNull(),
    files: jsonb().$type<ImportedFile[]>().notNull(),
    read: integer().notNull(),
    created: integer().notNull(),
    updated: integer().notNull(),
    unchanged: integer().notNull(),
    kept: integer().notNull(),
    merged: integer().notNull(),
    quarantined: integer().notNull(),
    started_at: moment().notNull(),
    finished_at: moment().notNull(),
    created_at: createdAt(),
  },
  (t) => [
    check(
      'import_runs_account_for_every_record',
      sql`${t.read} = ${t.created} + ${t.updated} + ${t.unchanged} + ${t.kept} + ${t.merged} + ${t.quarantined}`,
    ),
    index('import_runs_account').on(t.account_id),
  ],
)

export type ImportRun = typeof importRuns.$inferSelect
