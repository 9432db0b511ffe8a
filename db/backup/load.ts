import { migrateDatabase } from '../migrate.ts'
import { MIGRATION_LOCK } from '../migration-journal.ts'
import type { Role } from '../roles.ts'
import { type ArchiveReader, readArchive } from './archive-reader.ts'
import { BackupError } from './backup-error.ts'
import { copied, fullName, quoted, readSequences, readTables } from './catalog.ts'
import { type Closing, type Head, type Table, totals } from './format.ts'
import { appliedMigrations, lastMigration } from './migration-state.ts'
import type { OnProgress } from './progress.ts'
import { RowsDigest } from './rows-digest.ts'
import { suspendRules } from './rules.ts'
import { openSession, pinSettings, type Session } from './session.ts'

export interface LoadOptions {
  /** Of the database's roles, see roles.ts. */
  passwords?: Partial<Record<Role, string>>
  onProgress?: OnProgress
  signal?: AbortSignal
}

export interface Loaded {
  head: Head
  rows: number
  bytes: number
}

/**
 * Brings a backup that was checked into an empty database: the schema as it was, the rows in one transaction, which
 * reads them back and compares before it commits, then this release's newer migrations.
 * @throws BackupError when the database is not empty, or the backup is a newer release's.
 */
export async function loadBackup(ownerUrl: string, file: string, options: LoadOptions): Promise<Loaded> {
  const { passwords, signal } = options
  await using archive = await readArchive(file, signal)
  const { tag } = await lastMigration(archive.head)
  await refuseRows(ownerUrl, archive.head)
  await migrateDatabase(ownerUrl, passwords, { through: tag })
  await using session = await openSession(ownerUrl, signal)
  const closing = await loadRows(session, archive, options)
  await migrateDatabase(ownerUrl, passwords).catch((cause: Error) => {
    const message = `The rows were loaded, but a newer migration does not apply to them: ${cause.message}`
    throw new BackupError(message, { cause })
  })
  // Until then the planner knows nothing about the new tables.
  await session.query(`analyze ${archive.head.tables.map(quoted).join(', ')}`)
  return { head: archive.head, ...totals(closing) }
}

async function refuseRows(ownerUrl: string, head: Head): Promise<void> {
  await using session = await openSession(ownerUrl)
  const applied = await appliedMigrations(session)
  const isOlder = applied.every((when, index) => head.migrations[index]?.when === when)
  const present = new Set((await readTables(session)).map(fullName))
  const filled = await filledTables(
    session,
    head.tables.filter((table) => present.has(fullName(table))),
  )
  if (isOlder && filled.length === 0) return
  const what = isOlder ? `there are rows in ${filled.join(', ')}` : 'its tables are of a newer release'
  throw new BackupError(`The database is not empty: ${what}.`)
}

/** Names of the tables that hold rows. The record of migrations does as soon as there are tables. */
export async function filledTables(session: Session, tables: Table[]): Promise<string[]> {
  const filled: string[] = []
  for (const table of tables) {
    if (table.schema === 'drizzle') continue
    const [row] = await session.query(`select from ${quoted(table)} limit 1`)
    if (row) filled.push(fullName(table))
  }
  return filled
}

async function loadRows(session: Session, archive: ArchiveReader, options: LoadOptions): Promise<Closing> {
  const { tables, sequences } = archive.head
  await session.query('begin')
  await pinSettings(session)
  await session.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
  await session.query(`lock table ${tables.map(quoted).join(', ')} in access exclusive mode`)
  await refuseOtherSchema(session, archive.head)
  const restoreRules = await suspendRules(session, tables)
  // With what the migrations themselves put there: the backup has it too.
  await session.query(`truncate ${tables.map(quoted).join(', ')}`)
  await copyIn(session, archive, options.onProgress)
  for (const sequence of sequences) {
    const { last_value, is_called } = sequence
    await session.query('select pg_catalog.setval($1::regclass, $2, $3)', [
      quoted(sequence),
      last_value,
      is_called,
    ])
  }
  const closing = await archive.closing()
  await restoreRules()
  await compare(session, tables, closing, options.onProgress)
  await session.commit()
  return closing
}

// One that came in since it was looked at would be thrown away by `truncate`.
async function refuseOtherSchema(session: Session, head: Head): Promise<void> {
  const filled = await filledTables(session, head.tables)
  if (filled.length > 0)
    throw new BackupError(`Somebody writes to the database: rows came into ${filled.join(', ')}.`)
  const described = (tables: Table[]) =>
    new Set(
      tables.flatMap((table) => table.columns.map((column) => JSON.stringify([fullName(table), column]))),
    )
  const wanted = described(head.tables)
  const present = described(await readTables(session))
  const missing = [...wanted.difference(present)]
  const sequences = new Set((await readSequences(session)).map(fullName))
  missing.push(...head.sequences.map(fullName).filter((name) => !sequences.has(name)))
  if (missing.length === 0) return
  throw new BackupError(
    `The migrations of this release do not make the tables that were backed up; missing or different:\n- ${missing.join('\n- ')}\nRestore with the release that made the backup (${head.product_version}).`,
  )
}

async function copyIn(session: Session, archive: ArchiveReader, onProgress?: OnProgress): Promise<void> {
  for await (const { table, rows } of archive.tables()) {
    const reported = async function* () {
      for await (const chunk of rows) {
        yield chunk
        onProgress?.({ step: 'Loading', ...archive.progress() })
      }
    }
    await session.copyIn(`copy ${copied(table)} from stdin`, reported())
  }
}

/** Reads back what Postgres holds now. */
async function compare(
  session: Session,
  tables: Table[],
  closing: Closing,
  onProgress?: OnProgress,
): Promise<void> {
  const whole = totals(closing).bytes || 1
  const done = { rows: 0, bytes: 0 }
  for (const [index, table] of tables.entries()) {
    const digest = new RowsDigest()
    for await (const chunk of session.copyOut(`copy ${copied(table)} to stdout`)) {
      digest.update(chunk)
      const bytes = done.bytes + digest.bytes
      onProgress?.({ step: 'Comparing', share: bytes / whole, rows: done.rows + digest.rows, bytes })
    }
    done.rows += digest.rows
    done.bytes += digest.bytes
    const expected = closing.tables[index]
    if (digest.rows === expected?.rows && digest.value() === expected.digest) continue
    throw new BackupError(
      `After loading, ${fullName(table)} is not what was backed up (${digest.rows} rows, ${expected?.rows ?? 0} expected). Nothing was kept.`,
    )
  }
}
