import { knownAfter, readJournal } from '../migration-journal.ts'
import { ROLE_NAMES, roleUrl } from '../roles.ts'
import { readArchive } from './archive-reader.ts'
import { BackupError } from './backup-error.ts'
import { fullName, readTables } from './catalog.ts'
import { describeDatabase } from './database-url.ts'
import { onDatabase, refuseUsers } from './database-use.ts'
import { dropElectricSlots } from './electric-slots.ts'
import type { Head } from './format.ts'
import { filledTables, type Loaded, type LoadOptions, loadBackup } from './load.ts'
import { replaceDatabase } from './replace-database.ts'

/** Restores into a PostgreSQL of one's own: into its empty database, or in the place of the one in use. */

export interface DatabaseRestoreOptions extends LoadOptions {
  /** Put the restored database in the place of the one that is there, which is kept under another name. */
  replace?: boolean
}

export interface RestoredDatabase extends Loaded {
  /** Name of the database that was replaced. */
  kept: string | null
}

/**
 * @param file was checked.
 * @throws BackupError when the database is in use, or not empty and not to be replaced; nothing is changed then.
 */
export async function restoreToDatabase(
  ownerUrl: string,
  file: string,
  options: DatabaseRestoreOptions,
): Promise<RestoredDatabase> {
  const { filled, others } = await whatIsThere(ownerUrl, file)
  if (filled.length === 0) {
    const electricUrl = roleUrl(ownerUrl, 'electric', options.passwords?.electric)
    await onDatabase(ownerUrl, (session) => dropElectricSlots(session, electricUrl))
    return { ...(await loadBackup(ownerUrl, file, options)), kept: null }
  }
  if (!options.replace) throw notEmpty(ownerUrl, filled)
  if (others.length > 0) throw notAlone(ownerUrl, others)
  return replaceDatabase(ownerUrl, file, options)
}

/** Tables of ours that hold rows, and tables that somebody else made. */
async function whatIsThere(ownerUrl: string, file: string): Promise<{ filled: string[]; others: string[] }> {
  await using archive = await readArchive(file)
  const ours = await namesOfOurs(archive.head)
  return onDatabase(ownerUrl, async (session) => {
    await refuseUsers(session, Object.values(ROLE_NAMES))
    const tables = await readTables(session)
    const others = tables.map(fullName).filter((name) => !ours.has(name))
    const filled = await filledTables(
      session,
      tables.filter((table) => ours.has(fullName(table))),
    )
    return { filled, others }
  })
}

/** The backup may be of an earlier release than the database. */
async function namesOfOurs(head: Head): Promise<Set<string>> {
  const newest = (await readJournal()).at(-1)
  const known = newest ? [...(await knownAfter(newest)).tables.keys()] : []
  return new Set([...known, ...head.tables.map(fullName)])
}

function notEmpty(ownerUrl: string, filled: string[]): BackupError {
  return new BackupError(
    `The database ${describeDatabase(ownerUrl)} is not empty: there are rows in ${filled.join(', ')}.
Add --replace to put the backup in its place (the database is kept, under another name), or let DATABASE_URL name an empty one. Nothing was changed.`,
  )
}

function notAlone(ownerUrl: string, others: string[]): BackupError {
  return new BackupError(
    `The database ${describeDatabase(ownerUrl)} also holds tables that Throughline did not make (${others.join(', ')}), and one put in its place would not. Let DATABASE_URL name an empty database. Nothing was changed.`,
  )
}
