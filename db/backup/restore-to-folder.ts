import { randomBytes } from 'node:crypto'
import { existsSync, renameSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import postgres from 'postgres'
import { dataFolderMajor, type EmbeddedPostgres, startEmbeddedPostgres, stopLeftOver } from '../embedded.ts'
import { syncFolder } from './archive-writer.ts'
import { BackupError } from './backup-error.ts'
import { type Loaded, type LoadOptions, loadBackup } from './load.ts'
import { timestamp } from './timestamp.ts'

/** Restores into a data folder of the embedded PostgreSQL: made anew beside the one in use, and then put in its place. */

export interface DataFolder {
  /** PGDATA; what stands there is moved aside and kept. */
  dataDir: string
  /** Of the owner role. */
  password: string
  logFile: string
  database: string
}

export interface RestoredFolder extends Loaded {
  /** Where the data folder is now that was there before. */
  kept: string | null
}

/**
 * @param file was checked.
 * @throws whatever went wrong; the data folder is as it was then, and nothing is left beside it.
 */
export async function restoreToFolder(
  folder: DataFolder,
  file: string,
  options: LoadOptions,
): Promise<RestoredFolder> {
  await removeLeftOvers(folder.dataDir)
  const fresh = `${folder.dataDir}.restoring-${randomBytes(4).toString('hex')}`
  try {
    const loaded = await loadToNewFolder({ ...folder, dataDir: fresh }, file, options)
    options.signal?.throwIfAborted()
    return { ...loaded, kept: await takePlace(fresh, folder.dataDir) }
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/** Makes a data folder that holds the backup; its PostgreSQL is stopped again. */
export async function loadToNewFolder(
  folder: DataFolder,
  file: string,
  options: LoadOptions,
): Promise<Loaded> {
  await mkdir(dirname(folder.dataDir), { recursive: true, mode: 0o700 })
  const server = await startEmbeddedPostgres(folder)
  try {
    options.signal?.throwIfAborted()
    await createDatabase(server, folder.database)
    return await loadBackup(server.url(folder.database), file, options)
  } finally {
    await server.stop()
  }
}

async function createDatabase(server: EmbeddedPostgres, name: string): Promise<void> {
  const sql = postgres(server.url('postgres'), { max: 1, onnotice: () => {} })
  await sql`create database ${sql(name)}`.finally(() => sql.end())
}

async function takePlace(fresh: string, dataDir: string): Promise<string | null> {
  const kept = existsSync(dataDir) ? `${dataDir}-${await dataFolderMajor(dataDir)}-${timestamp()}` : null
  if (kept) {
    await stopLeftOver(dataDir)
    if (existsSync(kept)) throw new BackupError(`${kept} exists already. Try again.`)
  }
  // With nothing in between: for this moment there is no data folder.
  if (kept) renameSync(dataDir, kept)
  renameSync(fresh, dataDir)
  await syncFolder(dirname(dataDir))
  return kept
}

// Of restores that were killed. Whoever restores holds the starter's lock, so there is no other.
async function removeLeftOvers(dataDir: string): Promise<void> {
  const names = await readdir(dirname(dataDir)).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(`${basename(dataDir)}.restoring-`))) {
    const folder = join(dirname(dataDir), name)
    await stopLeftOver(folder)
    await rm(folder, { recursive: true, force: true })
  }
}
