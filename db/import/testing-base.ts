import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import { type TestDatabase, testDatabase } from '../testing.ts'
import type { AppliedImport } from './engine.ts'
import { importViewer } from './run-import.ts'
import { contents, query } from './testing.ts'

type Statement = ReturnType<typeof sql>

/** A database to import into, and what tests ask of it. */
export interface ImportBase extends TestDatabase {
  importFolder(folder: string): Promise<AppliedImport>
  /** Imports and holds that nothing was written but one row of import_runs. */
  writesOnlyItsRun(folder: string): Promise<AppliedImport>
  rows<T extends Record<string, unknown>>(statement: Statement): Promise<T[]>
  /** What people do here; a statement, because the importer knows no mutations. */
  change(statement: Statement): Promise<unknown>
  contents(): Promise<Record<string, string>>
}

export async function importBase(): Promise<ImportBase> {
  const base = await testDatabase()
  const importFolder = (folder: string) => importViewer({ db: base.db, folder })
  const runs = async () => (await query(base.db, sql`select from import_runs`)).length
  return {
    ...base,
    importFolder,
    rows: (statement) => query(base.db, statement),
    change: (statement) => base.db.transaction(null, (tx) => tx.execute(statement)),
    contents: () => contents(base.db),
    writesOnlyItsRun: async (folder) => {
      const before = { runs: await runs(), rest: await contents(base.db, ['import_runs']) }
      const applied = await importFolder(folder)
      expect({ runs: await runs(), rest: await contents(base.db, ['import_runs']) }).toEqual({
        ...before,
        runs: before.runs + 1,
      })
      return applied
    },
  }
}

/** The fates that occurred. */
export function counts({ run }: AppliedImport) {
  const { read, created, updated, unchanged, kept, merged, quarantined } = run
  const all = { read, created, updated, unchanged, kept, merged, quarantined }
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
}

export function fateOf({ decisions }: AppliedImport, identity: string) {
  const found = decisions.find(({ record }) => record.identity === identity)
  return found && { fate: found.fate, reason: found.reason }
}
