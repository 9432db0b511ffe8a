import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import { DATABASE, type EmbeddedPostgres, startEmbeddedPostgres } from '#db/embedded.ts'
import { migrateDatabase } from '#db/migrate.ts'
import { roleUrl } from '#db/roles.ts'
import type { StarterEnv } from './env.ts'
import { loadSecrets } from './secrets.ts'
import { findRunning, lockDataDir } from './starter-lock.ts'

export interface OpenDatabase {
  ownerUrl: string
  appUrl: string
  electricUrl: string
  /** Null when the PostgreSQL is one's own. */
  embedded: EmbeddedPostgres | null
}

/** Starts the embedded PostgreSQL unless DATABASE_URL names one, and brings the schema up to date. */
export async function openDatabase(env: StarterEnv, port?: number): Promise<OpenDatabase> {
  const embedded = env.DATABASE_URL ? null : await startEmbedded(env, port)
  try {
    const ownerUrl = env.DATABASE_URL ?? (embedded as EmbeddedPostgres).url(DATABASE) // one of the two, by the line above
    const passwords = rolePasswords(env)
    await migrateDatabase(ownerUrl, passwords)
    return {
      ownerUrl,
      appUrl: roleUrl(ownerUrl, 'app', passwords.app),
      electricUrl: roleUrl(ownerUrl, 'electric', passwords.electric),
      embedded,
    }
  } catch (error) {
    await embedded?.stop()
    throw error
  }
}

/** A database for as long as a command-line tool needs it. */
export interface ToolDatabase {
  appUrl: string
  ownerUrl: string
  close(): Promise<void>
}

/**
 * The database of DATABASE_URL, of the `npm start` that runs on DATA_DIR, or else the embedded one, started for the while.
 */
export async function openToolDatabase(env: StarterEnv): Promise<ToolDatabase> {
  if (env.DATABASE_URL) return { ...(await openDatabase(env)), close: async () => {} }
  const running = await findRunning(env.DATA_DIR)
  if (running) {
    const ownerUrl = running.database_url
    return { ownerUrl, appUrl: roleUrl(ownerUrl, 'app', env.DATABASE_APP_PASSWORD), close: async () => {} }
  }
  const lock = await lockDataDir(env.DATA_DIR)
  if ('running' in lock)
    throw new Error('"npm start" is just starting on this data folder. Try again in a moment.')
  try {
    const { appUrl, ownerUrl, embedded } = await openDatabase(env)
    const close = async () => {
      await embedded?.stop()
      await lock.release()
    }
    return { appUrl, ownerUrl, close }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Runs a command-line tool's work with that database, and puts away what was started for it. */
export async function withDatabase<T>(env: StarterEnv, work: (appUrl: string) => Promise<T>): Promise<T> {
  const database = await openToolDatabase(env)
  return work(database.appUrl).finally(() => database.close())
}

/** As far as they are given, see roles.ts. */
export function rolePasswords(env: StarterEnv) {
  return {
    ...(env.DATABASE_APP_PASSWORD && { app: env.DATABASE_APP_PASSWORD }),
    ...(env.DATABASE_ELECTRIC_PASSWORD && { electric: env.DATABASE_ELECTRIC_PASSWORD }),
  }
}

async function startEmbedded(env: StarterEnv, port?: number): Promise<EmbeddedPostgres> {
  const { database_password: password } = await loadSecrets(env.DATA_DIR)
  const logs = join(env.DATA_DIR, 'logs')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const embedded = await startEmbeddedPostgres({
    dataDir: resolve(env.DATA_DIR, 'postgres'),
    password,
    logFile: join(logs, 'postgres.log'),
    ...(port && { port }),
  })
  await createDatabase(embedded.url('postgres'))
  return embedded
}

async function createDatabase(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const [present] = await sql`select from pg_database where datname = ${DATABASE}`
    if (!present) await sql.unsafe(`create database ${DATABASE}`)
  } finally {
    await sql.end()
  }
}
