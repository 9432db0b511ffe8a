import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const MIGRATIONS = join(dirname(fileURLToPath(import.meta.url)), 'migrations')

/** Advisory lock: held while a database is migrated. */
export const MIGRATION_LOCK = 7_481_002

/** A migration as the journal names it; `when` is what the database records of an applied one. */
export interface Migration {
  idx: number
  tag: string
  when: number
}

/** This release's migrations, in order. */
export async function readJournal(): Promise<Migration[]> {
  return (await readEntries()).entries
}

/** Runs `work` on a folder that holds the migrations up to one of them, to bring a database to an earlier state. */
export async function withMigrationsThrough(
  tag: string,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  const journal = await readEntries()
  const entries = journal.entries.slice(0, journal.entries.findIndex((entry) => entry.tag === tag) + 1)
  const folder = await mkdtemp(join(tmpdir(), 'throughline-migrations-'))
  try {
    await mkdir(join(folder, 'meta'))
    await writeFile(join(folder, 'meta', '_journal.json'), JSON.stringify({ ...journal, entries }))
    for (const entry of entries)
      await cp(join(MIGRATIONS, `${entry.tag}.sql`), join(folder, `${entry.tag}.sql`))
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What the migrations made, by `schema.name`. */
export interface Known {
  /** With the names of their columns. */
  tables: Map<string, Set<string>>
  /** Those that belong to no column. */
  sequences: Set<string>
}

/** What is there after a migration. Drizzle keeps this beside its migrations; its own table is added. */
export async function knownAfter({ idx }: Migration): Promise<Known> {
  const file = join(MIGRATIONS, 'meta', `${String(idx).padStart(4, '0')}_snapshot.json`)
  const { tables, sequences } = JSON.parse(await readFile(file, 'utf8')) as Snapshot // generated, read by a human
  const named = ({ schema, name }: Named) => `${schema || 'public'}.${name}`
  const ours = Object.values(tables).map((table): [string, Set<string>] => [
    named(table),
    new Set(Object.values(table.columns).map((column) => column.name)),
  ])
  return {
    tables: new Map([...ours, ['drizzle.__drizzle_migrations', new Set(['id', 'hash', 'created_at'])]]),
    sequences: new Set(Object.values(sequences).map(named)),
  }
}

interface Named {
  schema: string
  name: string
}

interface Snapshot {
  tables: Record<string, Named & { columns: Record<string, { name: string }> }>
  sequences: Record<string, Named>
}

async function readEntries(): Promise<{ entries: Migration[] }> {
  return JSON.parse(await readFile(join(MIGRATIONS, 'meta', '_journal.json'), 'utf8')) // generated likewise
}
