import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { VIEWER_FILES, type ViewerRecords } from './viewer.ts'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

export const fixture = (name: string) => join(ROOT, 'db/import/fixtures', name)

/** Files that the legacy viewer really wrote. They lie beside the repository; where they do not, their tests are skipped. */
export const legacyData = (name: string) => resolve(ROOT, '../shared/data/legacy', name)
export const hasLegacyData = existsSync(legacyData('viewer-final'))
export const LEGACY_DATA_ABSENT = 'the folder ../shared/data/legacy is not here'

/** A folder with these files; a text is written as it is, everything else as the legacy viewer printed it. */
export async function temporaryFolder(
  files: Partial<Record<keyof ViewerRecords, unknown>>,
): Promise<{ folder: string; write: (files: object) => Promise<void> } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'throughline-import-'))
  const write = async (some: object) => {
    for (const [kind, content] of Object.entries(some)) {
      const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
      await writeFile(join(folder, VIEWER_FILES[kind as keyof ViewerRecords]), text)
    }
  }
  await write(files)
  return { folder, write, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

/** Every row of every table with the transaction that wrote it; equal before and after means that nothing was written. */
export async function contents(db: Database, except: string[] = []): Promise<Record<string, string>> {
  const { value } = await db.transaction(null, async (tx) => {
    const tables = await tx.execute<{ name: string }>(
      sql`select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
    )
    const digests: Record<string, string> = {}
    for (const { name } of tables) {
      if (except.includes(name)) continue
      const [row] = await tx.execute<{ digest: string }>(
        sql`select count(*) || ' ' || md5(coalesce(string_agg(t.xmin || ' ' || t.ctid || ' ' || t::text, ' ' order by t.ctid), '')) as digest
            from ${sql.identifier(name)} t`,
      )
      digests[name] = row?.digest ?? ''
    }
    return digests
  })
  return value
}

export async function query<T extends Record<string, unknown>>(
  db: Database,
  statement: ReturnType<typeof sql>,
): Promise<T[]> {
  const { value } = await db.transaction(null, (tx) => tx.execute<T>(statement))
  return [...value] as T[] // Drizzle's own row type says the same, less legibly
}
