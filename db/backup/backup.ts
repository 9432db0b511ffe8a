import { MIGRATION_LOCK } from '../migration-journal.ts'
import { checkArchive, readArchive } from './archive-reader.ts'
import { type ArchiveWriter, createArchive, refuseExisting } from './archive-writer.ts'
import { BackupError } from './backup-error.ts'
import { copied, quoted, type StoredTable } from './catalog.ts'
import {
  CLOSING_ENTRY,
  type Closing,
  HEAD_ENTRY,
  type Head,
  partEntry,
  type TableContents,
  totals,
} from './format.ts'
import { inParts } from './in-parts.ts'
import { appliedMigrations, knownMigrations, ownRelations } from './migration-state.ts'
import type { OnProgress, Progress } from './progress.ts'
import { RowsDigest } from './rows-digest.ts'
import { openSession, pinSettings, type Session } from './session.ts'

/** One part of a table in the archive; it stands in memory. */
const PART_BYTES = 8 * 1024 * 1024

export interface BackupOptions {
  productVersion: string
  /** Leave tables out that no migration of ours made, which are refused otherwise: no restore could make them. */
  leaveOthers?: boolean
  onProgress?: OnProgress
  signal?: AbortSignal
}

export interface BackupDone {
  head: Head
  size: number
  /** Of the file, as `sha256sum` prints it. */
  sha256: string
  rows: number
  bytes: number
  /** Tables that are not in it, by name. */
  others: string[]
}

/**
 * Writes all that a database holds at one moment into a file, while others go on writing to the database.
 * The file gets its name when it is whole, on the disk, and was read back.
 * @param ownerUrl connection string of the role that owns the tables.
 */
export async function backupDatabase(
  ownerUrl: string,
  file: string,
  options: BackupOptions,
): Promise<BackupDone> {
  const { signal } = options
  await refuseExisting(file) // before anything else is done for it
  await using archive = await createArchive(file)
  const { head, closing, others } = await copyAll(ownerUrl, archive, options)
  await archive.seal()
  signal?.throwIfAborted()
  const { size, sha256 } = await readBack(archive.temporary, closing, options)
  signal?.throwIfAborted()
  await archive.publish()
  return { head, size, sha256, ...totals(closing), others }
}

async function copyAll(ownerUrl: string, archive: ArchiveWriter, options: BackupOptions) {
  await using session = await openSession(ownerUrl, options.signal)
  const { head, tables, others } = await beginSnapshot(session, options)
  await archive.entry(HEAD_ENTRY, JSON.stringify(head, null, 1))
  const progress = copyProgress(tables, options.onProgress)
  const contents: TableContents[] = []
  for (const [index, table] of tables.entries()) {
    const digest = new RowsDigest()
    let part = 0
    for await (const bytes of inParts(session.copyOut(`copy ${copied(table)} to stdout`), PART_BYTES)) {
      digest.update(bytes)
      await archive.entry(partEntry(index, table, ++part), bytes)
      progress(index, digest)
    }
    progress(index, digest, true)
    contents.push({ rows: digest.rows, bytes: digest.bytes, digest: digest.value() })
  }
  const closing: Closing = { tables: contents }
  await archive.entry(CLOSING_ENTRY, JSON.stringify(closing, null, 1))
  return { head, closing, others }
}

/** Fixes the moment that is backed up, and keeps the tables as they are until the end of the transaction. */
async function beginSnapshot(session: Session, { productVersion, leaveOthers }: BackupOptions) {
  // A migration under way is waited for, one that comes later waits for our locks on the tables.
  await session.query('select pg_advisory_lock_shared($1)', [MIGRATION_LOCK])
  await session.query('begin isolation level repeatable read read only')
  await pinSettings(session)
  const migrations = await knownMigrations(await appliedMigrations(session))
  const { tables, sequences, others } = await ownRelations(session, migrations.at(-1) ?? migrations[0])
  if (!leaveOthers && others.length > 0) throw notOurs(others)
  // Emptying or altering a table shows through older snapshots; this holds both off, as pg_dump does.
  await session.query(`lock table ${tables.map(quoted).join(', ')} in access share mode`)
  const head: Head = {
    product_version: productVersion,
    ...(await serverState(session)),
    migrations: migrations.map(({ tag, when }) => ({ tag, when })),
    tables: tables.map(({ schema, name, columns }) => ({ schema, name, columns })),
    sequences: sequences.map(({ owner, ...sequence }) => sequence),
  }
  await session.query('select pg_advisory_unlock_shared($1)', [MIGRATION_LOCK])
  return { head, tables, others }
}

async function serverState(session: Session) {
  const [state] = await session.query<{ postgres_version: string; encoding: string; created_at: string }>(
    `select current_setting('server_version') as postgres_version, current_setting('server_encoding') as encoding,
            to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created_at`,
  )
  if (!state) throw new BackupError('PostgreSQL does not say which version it is.')
  return state
}

function notOurs(others: string[]): BackupError {
  return new BackupError(
    `There are tables or sequences in this database that Throughline did not make, and its restore could not make them:\n- ${others.join('\n- ')}\nBack them up with pg_dump, and leave them out here: add --leave-others.`,
  )
}

async function readBack(
  file: string,
  closing: Closing,
  options: Pick<BackupOptions, 'onProgress' | 'signal'>,
) {
  const checked = await checkArchive(file, options)
  await using reader = await readArchive(file, options.signal)
  for await (const { rows } of reader.tables()) for await (const _ of rows);
  if (JSON.stringify(await reader.closing()) === JSON.stringify(closing)) return checked
  throw new BackupError(`What was written to ${file} reads back differently. Is the disk failing?`)
}

/** Shares by the size of the tables on disk, which Postgres knows without counting. */
function copyProgress(tables: StoredTable[], onProgress?: OnProgress) {
  const whole = tables.reduce((sum, { size }) => sum + size, 0) || 1
  const before = tables.map((_, index) => tables.slice(0, index).reduce((sum, { size }) => sum + size, 0))
  const done: Pick<Progress, 'rows' | 'bytes'> = { rows: 0, bytes: 0 }
  return (index: number, digest: RowsDigest, isDone = false) => {
    const size = tables[index]?.size ?? 0
    const share = ((before[index] ?? 0) + (isDone ? size : Math.min(size, digest.bytes))) / whole
    onProgress?.({
      step: 'Copying',
      share,
      rows: done.rows + digest.rows,
      bytes: done.bytes + digest.bytes,
    })
    if (!isDone) return
    done.rows += digest.rows
    done.bytes += digest.bytes
  }
}
