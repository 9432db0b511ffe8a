import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '#db/embedded.ts'
import { ensureBuild } from './build.ts'
import { type OpenDatabase, openDatabase } from './database.ts'
import { parseStarterEnv, type StarterEnv } from './env.ts'
import { VERSION } from './health.ts'
import { loadSecrets } from './secrets.ts'
import { lockDataDir, type StarterLock } from './starter-lock.ts'
import { type Supervised, supervise } from './supervised.ts'

// `npm start`: everything on this machine, stopped by one Ctrl-C. With --dev the app reloads as its source changes.

const dev = process.argv.includes('--dev')
const say = (line: string) => console.log(line)
const READY_WITHIN_MS = 60_000
const stopped = new AbortController()
/** In the order of starting; ended in the opposite one. */
const running: { stop(): Promise<void> }[] = []

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.abort())
process.on('disconnect', () => stopped.abort())

try {
  await start(parseStarterEnv())
} catch (error) {
  if (!stopped.signal.aborted) {
    console.error(`\n${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
} finally {
  for (const service of running.reverse()) await service.stop()
  process.disconnect?.()
}

async function start(env: StarterEnv): Promise<void> {
  const lock = await lockOrExplain(env)
  if (!lock) return
  running.push({ stop: () => lock.release() })
  await refuseTakenPort(env.PORT)
  const buildId = dev ? 'development' : await ensureBuild(say)
  stopped.signal.throwIfAborted()
  say('Starting …')
  const logs = join(env.DATA_DIR, 'logs')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const database = await startDatabase(env)
  const electric = await startElectric(env, database, logs)
  startApp(env, database, electric, { logs, buildId })
  const url = process.env.PUBLIC_URL || `http://localhost:${env.PORT}`
  lock.announce({ pid: process.pid, url, database_url: database.ownerUrl })
  if (await healthy(`http://127.0.0.1:${env.PORT}`, logs)) overview(env, url, database, electric, logs)
  await aborted(stopped.signal)
  say('\nStopping …')
}

function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((settled) => signal.addEventListener('abort', settled, { once: true }))
}

async function lockOrExplain(env: StarterEnv): Promise<StarterLock | null> {
  const lock = await lockDataDir(env.DATA_DIR)
  if (!('running' in lock)) return lock
  const where = lock.running ? `at ${lock.running.url} (process ${lock.running.pid})` : 'and is just starting'
  console.error(
    `Throughline already runs on ${env.DATA_DIR} ${where}.\nStop it there with Ctrl-C first, or set DATA_DIR and PORT for a second one.`,
  )
  process.exitCode = 1
  return null
}

async function refuseTakenPort(port: number): Promise<void> {
  const probe = createServer()
  await new Promise<void>((free, taken) => {
    probe.once('error', taken).listen(port, process.env.HOST || '127.0.0.1', free)
  }).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`Port ${port} cannot be used (${cause.code}). Set PORT to another one.`, { cause })
  })
  await new Promise((closed) => probe.close(closed))
}

// PostgreSQL that dies is started again on the same port: everybody who uses it reconnects by themselves.
async function startDatabase(env: StarterEnv): Promise<OpenDatabase> {
  const database = await openDatabase(env)
  const { embedded } = database
  if (!embedded) return database
  let current = embedded
  let stopping = false
  const watch = () =>
    current.child.once('exit', () => {
      if (!stopping) void again().catch((error: Error) => fail(error))
    })
  const again = async () => {
    say('PostgreSQL ended; starting it again.')
    const next = await openDatabase(env, embedded.port)
    if (!next.embedded) return
    current = next.embedded
    if (stopping) await current.stop()
    else watch()
  }
  watch()
  running.push({
    stop: () => {
      stopping = true
      return current.stop()
    },
  })
  return database
}

function fail(error: Error): void {
  console.error(error.message)
  process.exitCode = 1
  stopped.abort()
}

interface Electric {
  url: string
  secret: string
  embedded: boolean
}

async function startElectric(env: StarterEnv, database: OpenDatabase, logs: string): Promise<Electric> {
  if (env.ELECTRIC_URL) {
    if (!env.ELECTRIC_SECRET)
      throw new Error('ELECTRIC_URL needs ELECTRIC_SECRET, the secret of that service.')
    return { url: env.ELECTRIC_URL, secret: env.ELECTRIC_SECRET, embedded: false }
  }
  const secret = env.ELECTRIC_SECRET ?? (await loadSecrets(env.DATA_DIR)).electric_secret
  const port = await freePort()
  running.push(
    supervise({
      name: 'Electric',
      script: 'electric/embedded/main.ts',
      env: {
        ...process.env,
        DATABASE_URL: database.electricUrl,
        ELECTRIC_PORT: String(port),
        ELECTRIC_SECRET: secret,
        ELECTRIC_STORAGE_DIR: resolve(env.DATA_DIR, 'electric'),
      },
      logFile: join(logs, 'electric.log'),
      report: say,
    }),
  )
  return { url: `http://127.0.0.1:${port}`, secret, embedded: true }
}

function startApp(
  env: StarterEnv,
  database: OpenDatabase,
  electric: Electric,
  from: { logs: string; buildId: string },
) {
  const app: Promise<Supervised> = appEnvironment(env, database, electric, from.buildId).then((environment) =>
    supervise({
      name: 'The app',
      script: dev ? 'server/dev.ts' : 'server/main.ts',
      env: environment,
      logFile: join(from.logs, 'app.log'),
      report: say,
    }),
  )
  running.push({ stop: async () => (await app).stop() })
}

async function appEnvironment(env: StarterEnv, database: OpenDatabase, electric: Electric, buildId: string) {
  const generated = env.AUTH_SECRET && env.SHAPE_TOKEN_KEY ? null : await loadSecrets(env.DATA_DIR)
  return {
    ...process.env,
    NODE_ENV: dev ? 'development' : 'production',
    PORT: String(env.PORT),
    DATABASE_URL: database.appUrl,
    ELECTRIC_URL: electric.url,
    ELECTRIC_SECRET: electric.secret,
    AUTH_SECRET: env.AUTH_SECRET ?? generated?.auth_secret,
    SHAPE_TOKEN_KEY: env.SHAPE_TOKEN_KEY ?? generated?.shape_token_key,
    BUILD_ID: buildId,
    DATABASE_APP_PASSWORD: undefined,
    DATABASE_ELECTRIC_PASSWORD: undefined,
  }
}

async function healthy(base: string, logs: string): Promise<boolean> {
  let last = 'no answer yet'
  for (
    const deadline = Date.now() + READY_WITHIN_MS;
    Date.now() < deadline && !stopped.signal.aborted;
    await pause(100)
  ) {
    const answer = await fetch(`${base}/api/health`, { signal: AbortSignal.timeout(5_000) }).catch(() => null)
    if (answer?.ok) return true
    last = (await answer?.text().catch(() => null)) ?? last
  }
  if (stopped.signal.aborted) return false
  say(
    `The app is not ready after ${READY_WITHIN_MS / 1000} s (${last}). Logs: ${logs}. It stays up; Ctrl-C stops it.`,
  )
  return false
}

function pause(ms: number): Promise<void> {
  return delay(ms, undefined, { signal: stopped.signal }).catch(() => {})
}

function overview(
  env: StarterEnv,
  url: string,
  database: OpenDatabase,
  electric: Electric,
  logs: string,
): void {
  const { hostname, port } = new URL(database.ownerUrl)
  const here = (path: string) => relative(process.cwd(), resolve(path)) || '.'
  const mode =
    (process.env.AUTH_MODE || 'local') === 'local' ? 'no sign-in, this machine only' : 'sign-in required'
  say(
    [
      '',
      `  Throughline ${VERSION} is running${dev ? ' and reloads as its source changes' : ''}.`,
      '',
      `  App         ${url}   (${mode})`,
      `  PostgreSQL  ${hostname}:${port || 5432}   ${database.embedded ? `embedded, data in ${here(join(env.DATA_DIR, 'postgres'))}` : 'from DATABASE_URL'}`,
      `  Electric    ${electric.url}   ${electric.embedded ? 'embedded' : 'from ELECTRIC_URL'}`,
      `  Logs        ${here(logs)}`,
      '',
      '  Ctrl-C stops everything.',
      '',
    ].join('\n'),
  )
}
