import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { BackupError } from '#db/backup/backup-error.ts'
import { binariesOf } from '#db/backup/other-major.ts'
import { DATABASE, dataFolderMajor, EMBEDDED_MAJOR, startEmbeddedPostgres } from '#db/embedded.ts'
import { npmCommand, type StarterEnv } from './env.ts'
import { loadSecrets } from './secrets.ts'
import { findRunning, lockDataDir, type StarterLock } from './starter-lock.ts'

export interface DatabaseToBackUp {
  ownerUrl: string
  close(): Promise<void>
}

/**
 * The database of DATABASE_URL, of what runs on DATA_DIR, or else the embedded one, started for the while, with the
 * binaries of its own major version. Unlike `openToolDatabase` this makes and migrates nothing.
 */
export async function openToBackUp(env: StarterEnv, say: (line: string) => void): Promise<DatabaseToBackUp> {
  if (env.DATABASE_URL) return { ownerUrl: env.DATABASE_URL, close: async () => {} }
  const running = await findRunning(env.DATA_DIR)
  if (running) return { ownerUrl: running.database_url, close: async () => {} }
  const major = await dataFolderMajor(postgresFolder(env))
  if (major === null) {
    throw new BackupError(
      `There is no database in ${resolve(env.DATA_DIR)}. Set DATA_DIR to the folder that holds one, or DATABASE_URL to a PostgreSQL of your own.`,
    )
  }
  const lock = await lockOrRefuse(env)
  try {
    const server = await startAsItIs(env, major, say)
    const close = () => server.stop().finally(() => lock.release())
    return { ownerUrl: server.url(DATABASE), close }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function startAsItIs(env: StarterEnv, major: string, say: (line: string) => void) {
  if (!existsSync(join(env.DATA_DIR, 'secrets.json'))) {
    throw new BackupError(
      `${join(resolve(env.DATA_DIR), 'secrets.json')} is missing: it holds the password of this database. Put it back where the folder came from.`,
    )
  }
  const { database_password: password } = await loadSecrets(env.DATA_DIR)
  const installDir = resolve(env.DATA_DIR, 'postgres-binaries')
  const binaries =
    major === EMBEDDED_MAJOR ? undefined : await binariesOf(major, { installDir, npm: npmCommand(), say })
  return startEmbeddedPostgres({
    dataDir: postgresFolder(env),
    password,
    logFile: await postgresLog(env),
    ...(binaries && { binaries }),
  })
}

/** @throws BackupError when something runs on the data folder. */
export async function lockOrRefuse(env: StarterEnv): Promise<StarterLock> {
  const lock = await lockDataDir(env.DATA_DIR)
  if (!('running' in lock)) return lock
  throw new BackupError(
    lock.running
      ? `Throughline runs on ${resolve(env.DATA_DIR)} at ${lock.running.url} (process ${lock.running.pid}). Stop it there with Ctrl-C first. Nothing was changed.`
      : `Something is just starting on ${resolve(env.DATA_DIR)}, or another command uses it. Try again in a moment. Nothing was changed.`,
  )
}

export function postgresFolder(env: StarterEnv): string {
  return resolve(env.DATA_DIR, 'postgres')
}

export async function postgresLog(env: StarterEnv): Promise<string> {
  const logs = join(env.DATA_DIR, 'logs')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  return join(logs, 'postgres.log')
}
