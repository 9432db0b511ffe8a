import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, relative, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { askApp } from './ask-app.ts'
import { ensureBuild } from './build.ts'
import { type OpenDatabase, openDatabase } from './database.ts'
import { type Env, parseStarterEnv, type StarterEnv } from './env.ts'
import { leaveLauncher } from './leave-launcher.ts'
import {
  checkAppSettings,
  type Electric,
  keepPostgres,
  type Service,
  startApp,
  startElectric,
} from './services.ts'
import { lockDataDir, type StarterLock } from './starter-lock.ts'
import { VERSION } from './version.ts'

// `npm start`: everything on this machine, stopped by one Ctrl-C. With --dev the app reloads as its source changes.

const READY_WITHIN_MS = 60_000
const dev = process.argv.includes('--dev')
const say = (line: string) => console.log(line)
const stopped = new AbortController()
/** In the order of starting; ended in the opposite one. */
const services: Service[] = []
/** Given back last of all. */
const locks: StarterLock[] = []

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.abort())
process.on('disconnect', () => stopped.abort())

try {
  await start(parseStarterEnv())
} catch (error) {
  if (!stopped.signal.aborted) fail(error)
} finally {
  for (const service of services.reverse()) await service.stop()
  for (const lock of locks) await lock.release()
  leaveLauncher()
}

async function start(env: StarterEnv): Promise<void> {
  const lock = await lockOrExplain(env)
  if (!lock) return
  locks.push(lock)
  const app = await checkAppSettings(env)
  await refuseTakenPort(app)
  const buildId = dev ? 'development' : await ensureBuild(say)
  stopped.signal.throwIfAborted()
  say('Starting …')
  await mkdir(join(env.DATA_DIR, 'logs'), { recursive: true, mode: 0o700 })
  const database = await openDatabase(env)
  run(keepPostgres(env, database, { say, fail }))
  const electric = await startElectric(env, database, { say, fail })
  run(electric.service)
  run(await startApp(env, { database, electric, buildId, dev }, { say, fail }))
  const { PUBLIC_URL: url } = app
  lock.announce(() => ({ pid: process.pid, url, database_url: database.ownerUrl, services: processIds() }))
  if (await healthy(env)) overview(env, app, database, electric)
  await aborted(stopped.signal)
  say('\nStopping …')
}

function run(service: Service | null): void {
  if (service) services.push(service)
}

function fail(error: unknown): void {
  console.error(`\n${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
  stopped.abort()
}

function processIds(): Record<string, number | null> {
  return Object.fromEntries(services.map(({ name, pid }) => [name, pid]))
}

function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((settled) => signal.addEventListener('abort', settled, { once: true }))
}

async function lockOrExplain(env: StarterEnv): Promise<StarterLock | null> {
  const held = await lockDataDir(env.DATA_DIR)
  if (!('running' in held)) return held
  const where = held.running
    ? `at ${held.running.url} (process ${held.running.pid})`
    : 'and is just starting, or does not answer'
  fail(
    `Throughline already runs on ${env.DATA_DIR} ${where}.\nStop it there with Ctrl-C first, or set DATA_DIR and PORT for a second one.`,
  )
  return null
}

async function refuseTakenPort({ HOST, PORT }: Env): Promise<void> {
  const probe = createServer()
  await new Promise<void>((free, taken) => {
    probe.once('error', taken).listen(PORT, HOST, free)
  }).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`Port ${PORT} cannot be used (${cause.code}). Set PORT to another one.`, { cause })
  })
  await new Promise((closed) => probe.close(closed))
}

async function healthy(env: StarterEnv): Promise<boolean> {
  let last = 'no answer yet'
  for (
    const deadline = Date.now() + READY_WITHIN_MS;
    Date.now() < deadline && !stopped.signal.aborted;
    await pause(100)
  ) {
    const answer = await askApp(env, '/api/health').catch(() => null)
    if (answer?.ok) return true
    last = answer?.body ?? last
  }
  if (stopped.signal.aborted) return false
  say(
    `The app is not ready after ${READY_WITHIN_MS / 1000} s (${last}). Logs: ${join(env.DATA_DIR, 'logs')}. It stays up; Ctrl-C stops it.`,
  )
  return false
}

function pause(ms: number): Promise<void> {
  return delay(ms, undefined, { signal: stopped.signal }).catch(() => {})
}

function overview(env: StarterEnv, app: Env, database: OpenDatabase, electric: Electric): void {
  const { hostname, port } = new URL(database.ownerUrl)
  const here = (...path: string[]) => relative(process.cwd(), resolve(env.DATA_DIR, ...path)) || '.'
  const mode = app.AUTH_MODE === 'local' ? 'no sign-in, this machine only' : 'sign-in required'
  const data = database.embedded ? `embedded, data in ${here('postgres')}` : 'from DATABASE_URL'
  say(
    [
      '',
      `  Throughline ${VERSION} is running${dev ? ' and reloads as its source changes' : ''}.`,
      '',
      `  App         ${app.PUBLIC_URL}   (${mode})`,
      `  PostgreSQL  ${hostname}:${port || 5432}   ${data}`,
      `  Electric    ${electric.url}   ${electric.service ? 'embedded' : 'from ELECTRIC_URL'}`,
      `  Logs        ${here('logs')}`,
      '',
      '  Ctrl-C stops everything.',
      '',
    ].join('\n'),
  )
}
