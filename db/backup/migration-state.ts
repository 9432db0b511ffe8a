import { type Known, knownAfter, type Migration, readJournal } from '../migration-journal.ts'
import { BackupError } from './backup-error.ts'
import { fullName, type OwnedSequence, readSequences, readTables, type StoredTable } from './catalog.ts'
import type { Head } from './format.ts'
import type { Session } from './session.ts'

/** The migrations that a database has, in order; none when it was never set up. */
export async function appliedMigrations(session: Session): Promise<number[]> {
  const [journal] = await session.query<{ present: boolean }>(
    `select pg_catalog.to_regclass('drizzle.__drizzle_migrations') is not null as present`,
  )
  if (!journal?.present) return []
  const rows = await session.query<{ when: number }>(
    'select created_at::float8 as "when" from drizzle.__drizzle_migrations order by created_at',
  )
  return rows.map(({ when }) => when)
}

/** @throws BackupError when this release does not know them all. */
export async function knownMigrations(applied: number[]): Promise<[Migration, ...Migration[]]> {
  const journal = await readJournal()
  const [first, ...others] = journal.slice(0, applied.length)
  if (!first)
    throw new BackupError('This database was never set up: it holds nothing of Throughline to back up.')
  if (!isSame([first, ...others], applied)) {
    throw new BackupError(
      'This database was last used by a newer release of Throughline, which has tables that this one does not know. Make the backup with that release.',
    )
  }
  return [first, ...others]
}

/** The last migration that a backup's database had. @throws BackupError when this release does not know them all. */
export async function lastMigration(head: Head): Promise<Migration> {
  const journal = await readJournal()
  const applied = head.migrations.map(({ when }) => when)
  const last = journal[applied.length - 1]
  if (!last || !isSame(journal.slice(0, applied.length), applied)) {
    const unknown = head.migrations.filter(({ when }) => !journal.some((known) => known.when === when))
    throw new BackupError(
      `The backup was made by a newer release of Throughline (${head.product_version}; unknown here: ${unknown.map(({ tag }) => tag).join(', ') || 'the order of its migrations'}). Restore it with that release or a later one. Nothing was changed.`,
    )
  }
  return last
}

export interface OwnRelations {
  tables: StoredTable[]
  sequences: OwnedSequence[]
  /** Names of what no migration made. */
  others: string[]
}

/**
 * Tells a database's tables and sequences that the migrations made from those that somebody else did.
 * @throws BackupError when a table of ours is not as the migrations made it: no restore could bring it back.
 */
export async function ownRelations(session: Session, last: Migration): Promise<OwnRelations> {
  const known = await knownAfter(last)
  const [tables, otherTables] = parted(await readTables(session), (table) =>
    known.tables.has(fullName(table)),
  )
  const [sequences, otherSequences] = parted(await readSequences(session), (sequence) =>
    sequence.owner ? known.tables.has(sequence.owner) : known.sequences.has(fullName(sequence)),
  )
  refuseChangedTables(tables, known)
  return { tables, sequences, others: [...otherTables, ...otherSequences].map(fullName) }
}

function refuseChangedTables(tables: StoredTable[], known: Known): void {
  const problems = [...known.tables].flatMap(([name, columns]) => {
    const table = tables.find((each) => fullName(each) === name)
    if (!table) return [`the table ${name} is missing`]
    const present = new Set(table.columns.map((column) => column.name))
    return [
      ...[...columns.difference(present)].map((column) => `the column ${column} of ${name} is missing`),
      ...[...present.difference(columns)].map((column) => `the column ${column} of ${name} is none of ours`),
    ]
  })
  if (problems.length === 0) return
  throw new BackupError(
    `The tables were changed by hand, and a backup could not be restored:\n- ${problems.join('\n- ')}\nUndo these changes first, or use pg_dump.`,
  )
}

function parted<T>(all: T[], isOurs: (each: T) => boolean): [ours: T[], others: T[]] {
  return [all.filter(isOurs), all.filter((each) => !isOurs(each))]
}

function isSame(journal: Migration[], applied: number[]): boolean {
  return journal.length === applied.length && journal.every(({ when }, index) => when === applied[index])
}
