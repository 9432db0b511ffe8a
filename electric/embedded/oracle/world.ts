import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestDatabase, type TestDatabase } from '../testing.ts'
import { ENUM_SQL } from './column-kinds.ts'
import { ElectricProcess } from './electric-process.ts'

/** A Postgres and an Electric that follows it, for one round after the other. */
export interface World {
  readonly database: TestDatabase
  readonly electric: ElectricProcess
  stop(): Promise<void>
}

// Between a commit's place in the log and the moment from which others see it lies some time then, into which
// snapshots fall.
const SETTINGS = { fsync: 'on', commit_delay: 1_500, commit_siblings: 0 }

/** @param binaries of another PostgreSQL than npm's */
export async function startWorld(binaries?: string): Promise<World> {
  const storageDir = await mkdtemp(join(tmpdir(), 'electric-oracle-'))
  const database = await startTestDatabase({ settings: SETTINGS, ...(binaries ? { binaries } : {}) })
  const end = async () => {
    await database.stop()
    await rm(storageDir, { recursive: true, force: true })
  }
  try {
    await database.sql.unsafe(`${ENUM_SQL}; CREATE SCHEMA "odd ""schema""/.x"`)
    // As the owner of the tables, so that it can publish them.
    const electric = await ElectricProcess.start(database.url, storageDir)
    return { database, electric, stop: () => electric.stop().finally(end) }
  } catch (error) {
    await end()
    throw error
  }
}
