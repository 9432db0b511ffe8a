import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '#db/embedded.ts'
import { roleUrl } from '#db/roles.ts'
import { loadSecrets } from '#server/secrets.ts'
import { findRunning } from '#server/starter-lock.ts'
import { send } from './raw-http.ts'

// The real thing, started as a person starts it, on a port and a data folder of its own.

export type ServiceName = 'postgres' | 'electric' | 'app'

export interface StackOptions {
  authMode?: 'local' | 'accounts'
  env?: Record<string, string>
  /** Of an earlier stack, to start on it again; it is kept when this one stops. */
  dataDir?: string
  port?: number
}

export interface Stack {
  url: string
  port: number
  dataDir: string
  /** Connection string of the owner role, to see what Postgres holds. */
  ownerUrl: string
  starter: ChildProcess
  /** What it said to the terminal. */
  output(): string
  services(): Promise<Record<ServiceName, number | null>>
  /** Ends one process at once, as a power cut does. */
  kill(name: ServiceName): Promise<void>
  appLog(): Promise<Record<string, unknown>[]>
  /** Ctrl-C; the exit code. */
  stop(): Promise<number | null>
}

/** @throws Error with what it said when it does not become ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'throughline-e2e-')))
  const port = options.port ?? (await freePort())
  const started = runStarter({
    PORT: String(port),
    DATA_DIR: dataDir,
    AUTH_MODE: options.authMode ?? 'local',
    ...options.env,
  })
  const url = `${options.env?.TLS_CERT ? 'https' : 'http'}://localhost:${port}`
  try {
    await untilReady(url, started)
  } catch (error) {
    started.child.kill('SIGINT')
    await started.ended
    if (!options.dataDir) await rm(dataDir, { recursive: true, force: true }) // what it said is in the error
    throw error
  }
  const running = await findRunning(dataDir)
  if (!running) throw new Error(`It serves, but does not say so in ${dataDir}.`)
  return { ...handlesOf(started, dataDir, options), url, port, dataDir, ownerUrl: running.database_url }
}

function handlesOf(started: Started, dataDir: string, { dataDir: kept }: StackOptions) {
  const services = async () => ({
    postgres: null,
    electric: null,
    app: null,
    ...(await findRunning(dataDir))?.services,
  })
  const { child } = started
  return {
    starter: child,
    output: started.output,
    services,
    kill: async (name: ServiceName) => {
      const pid = (await services())[name]
      if (!pid) throw new Error(`${name} is not running.`)
      process.kill(pid, 'SIGKILL')
    },
    appLog: async () => jsonLines(await readFile(join(dataDir, 'logs', 'app.log'), 'utf8')),
    stop: async () => {
      child.kill('SIGINT')
      const code = await started.ended
      if (!kept) await rm(dataDir, { recursive: true, force: true })
      return code
    },
  }
}

export interface Started {
  child: ChildProcess
  output(): string
  ended: Promise<number | null>
}

/** `npm start` without npm. The channel makes it stop by itself when the test run is killed. */
export function runStarter(env: NodeJS.ProcessEnv): Started {
  return runNode(['server/start.ts'], env)
}

export interface RunOptions {
  /** Another Node than this one. */
  command?: string
  cwd?: string
  stdin?: string
}

export function runNode(args: string[], env: NodeJS.ProcessEnv, options: RunOptions = {}): Started {
  const child = spawn(options.command ?? process.execPath, args, {
    // Settings of the test runner are nothing that a person has.
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    ...(options.cwd && { cwd: options.cwd }),
  })
  child.stdin?.end(options.stdin)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part) => {
      output += part
    })
  }
  // `close`, not `exit`: only then everything it said has arrived.
  const ended = new Promise<number | null>((settle, reject) => {
    child.once('error', reject).once('close', settle)
  })
  return { child, output: () => output, ended }
}

/** Runs one of the project's programs to its end. */
export async function runToEnd(args: string[], env: NodeJS.ProcessEnv = {}, options: RunOptions = {}) {
  const { ended, output } = runNode(args, env, options)
  return { code: await ended, output: output() }
}

export interface App {
  url: string
  stop(): Promise<void>
}

/** Another app process on the same Postgres and Electric, as a second machine would run it. */
export async function startSecondApp(stack: Stack): Promise<App> {
  const port = await freePort()
  const secrets = await loadSecrets(stack.dataDir)
  const started = runNode(['server/main.ts'], {
    PORT: String(port),
    NODE_ENV: 'production',
    DATABASE_URL: roleUrl(stack.ownerUrl, 'app'),
    ELECTRIC_URL: electricUrl(stack),
    ELECTRIC_SECRET: secrets.electric_secret,
    AUTH_SECRET: secrets.auth_secret,
    SHAPE_TOKEN_KEY: secrets.shape_token_key,
    PUBLIC_URL: stack.url,
    BUILD_ID: await buildId(),
  })
  const url = `http://localhost:${port}`
  await untilReady(url, started)
  return {
    url,
    stop: async () => {
      started.child.kill('SIGTERM')
      await started.ended
    },
  }
}

export function electricUrl(stack: Stack): string {
  const [, url] = /Electric\s+(http:\S+)/.exec(stack.output()) ?? []
  if (!url) throw new Error(`Where Electric runs is not said:\n${stack.output()}`)
  return url
}

async function buildId(): Promise<string> {
  return (JSON.parse(await readFile(resolve('dist', 'build.json'), 'utf8')) as { id: string }).id
}

const READY_WITHIN_MS = 60_000

async function untilReady(url: string, { child, output }: Started): Promise<void> {
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`It ended instead of starting:\n${output()}`)
      return isHealthy(url)
    },
    READY_WITHIN_MS,
    () => `Not ready in time:\n${output()}`,
  )
  // Health is asked for by anybody; what runs where is said once it is ok.
  await until(async () => isAnnounced(output()), READY_WITHIN_MS, output)
}

// A second app says `listening` in its log; the starter prints its overview.
const isAnnounced = (output: string) => /is running|listening/.test(output)

export async function isHealthy(url: string): Promise<boolean> {
  const asked = { path: '/api/health', signal: AbortSignal.timeout(5_000) }
  return (await send(url, asked).catch(() => null))?.status === 200
}

/** Waits for a condition; its end is a test's failure, never its timing. */
export async function until(
  condition: () => Promise<boolean> | boolean,
  withinMs = 60_000,
  why: () => string = () => 'It did not become true.',
): Promise<void> {
  for (const deadline = performance.now() + withinMs; !(await condition()); await delay(50)) {
    if (performance.now() > deadline) throw new Error(why())
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
