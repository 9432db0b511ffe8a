import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATABASE } from '../embedded.ts'
import type { Loaded, LoadOptions } from './load.ts'
import { loadToNewFolder } from './restore-to-folder.ts'

/** Restores a backup that was checked into a PostgreSQL of its own, in the temporary folder, and throws that away. */
export async function tryOut(file: string, options: LoadOptions): Promise<Loaded> {
  const folder = await mkdtemp(join(tmpdir(), 'throughline-check-'))
  try {
    const password = randomBytes(16).toString('hex')
    const [dataDir, logFile] = [join(folder, 'postgres'), join(folder, 'postgres.log')]
    return await loadToNewFolder({ dataDir, logFile, password, database: DATABASE }, file, options)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
