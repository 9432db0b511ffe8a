import { join, resolve } from 'node:path'
import { freePort } from '#db/embedded.ts'
import { type OpenDatabase, openDatabase } from './database.ts'
import { type Env, parseEnv, type StarterEnv } from './env.ts'
import { loadSecrets } from './secrets.ts'
import { type Supervised, supervise } from './supervised.ts'

/** What the starter runs and ends. */
export interface Service {
  name: string
  /** Null while it is being started again. */
  readonly pid: number | null
  stop(): Promise<void>
}

export interface Electric {
  url: string
  secret: string
  /** Null when the service is one's own. */
  service: Supervised | null
}

/** What a service says to the person at the terminal, and to the starter when it gives up. */
export interface Reports {
  say(line: string): void
  fail(error: Error): void
}

/** Keeps the embedded PostgreSQL up, always on one port: everybody who uses it reconnects by themselves. */
export function keepPostgres(
  env: StarterEnv,
  { embedded }: OpenDatabase,
  { say, fail }: Reports,
): Service | null {
  if (!embedded) return null
  let current = embedded
  let stopping = false
  let restarting: Promise<void> = Promise.resolve()
  const again = async () => {
    say(`postgres ended; starting it again. Its log: ${join(env.DATA_DIR, 'logs', 'postgres.log')}`)
    const next = await openDatabase(env, embedded.port)
    if (!next.embedded) return
    current = next.embedded
    if (stopping) await current.stop()
    else watch()
  }
  const watch = () => {
    current.child.once('exit', () => {
      if (!stopping) restarting = again().catch(fail)
    })
  }
  watch()
  return {
    name: 'postgres',
    get pid() {
      return current.child.exitCode === null && current.child.signalCode === null ? current.pid : null
    },
    stop: async () => {
      stopping = true
      await restarting // a server that is just coming up again is stopped as well
      await current.stop()
    },
  }
}

export async function startElectric(
  env: StarterEnv,
  database: OpenDatabase,
  { say }: Reports,
): Promise<Electric> {
  if (env.ELECTRIC_URL) {
    if (!env.ELECTRIC_SECRET)
      throw new Error('ELECTRIC_URL needs ELECTRIC_SECRET, the secret of that service.')
    return { url: env.ELECTRIC_URL, secret: env.ELECTRIC_SECRET, service: null }
  }
  const secret = env.ELECTRIC_SECRET ?? (await loadSecrets(env.DATA_DIR)).electric_secret
  const port = await freePort()
  const service = supervise({
    name: 'electric',
    script: 'electric/embedded/main.ts',
    env: {
      ...process.env,
      DATABASE_URL: database.electricUrl,
      ELECTRIC_PORT: String(port),
      ELECTRIC_SECRET: secret,
      ELECTRIC_STORAGE_DIR: resolve(env.DATA_DIR, 'electric'),
      ELECTRIC_MANUAL_TABLE_PUBLISHING: 'true', // migrations do it, as with the real service
    },
    logFile: join(env.DATA_DIR, 'logs', 'electric.log'),
    report: say,
  })
  return { url: `http://127.0.0.1:${port}`, secret, service }
}

export interface AppOptions {
  database: OpenDatabase
  electric: Electric
  buildId: string
  dev: boolean
}

export async function startApp(env: StarterEnv, options: AppOptions, { say }: Reports): Promise<Supervised> {
  const { database, electric, dev } = options
  const alone = !database.embedded && !electric.service
  return supervise({
    name: 'app',
    script: dev ? 'server/dev.ts' : 'server/main.ts',
    env: {
      ...(await appSettings(env, electric.secret)),
      NODE_ENV: dev ? 'development' : 'production',
      DATABASE_URL: database.appUrl,
      ELECTRIC_URL: electric.url,
      BUILD_ID: options.buildId,
    },
    // Alone, as in a container, its log is the output of the whole.
    logFile: alone ? null : join(env.DATA_DIR, 'logs', 'app.log'),
    report: say,
  })
}

/** What the app will read, before anything starts. @throws EnvironmentError naming everything that is wrong. */
export async function checkAppSettings(env: StarterEnv): Promise<Env> {
  const secret = env.ELECTRIC_SECRET ?? 'generated when it starts'
  const addresses = { DATABASE_URL: 'postgres://not-started-yet', ELECTRIC_URL: 'http://not-started-yet' }
  return parseEnv({ ...(await appSettings(env, secret)), ...addresses })
}

// The app gets its own role's login and nothing of the owner's.
async function appSettings(env: StarterEnv, electricSecret: string): Promise<NodeJS.ProcessEnv> {
  const generated = env.AUTH_SECRET && env.SHAPE_TOKEN_KEY ? null : await loadSecrets(env.DATA_DIR)
  return {
    ...process.env,
    PORT: String(env.PORT),
    ELECTRIC_SECRET: electricSecret,
    AUTH_SECRET: env.AUTH_SECRET ?? generated?.auth_secret,
    SHAPE_TOKEN_KEY: env.SHAPE_TOKEN_KEY ?? generated?.shape_token_key,
    DATABASE_APP_PASSWORD: undefined,
    DATABASE_ELECTRIC_PASSWORD: undefined,
  }
}
