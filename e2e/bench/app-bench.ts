import type { Sql } from 'postgres'
import { type AppProcess, type AppRequest, startApp } from './app-process.ts'
import type { Figure } from './figures.ts'
import { createHttpClient, type HttpClient } from './http-client.ts'
import type { Handlers } from './processes/calls.ts'
import { programPath, type Remote, type RemoteOptions, startRemote } from './processes/remote.ts'
import type { Stack } from './stack.ts'

/** What a measure gets. What it started through this ends after it. */
export interface Bench {
  readonly stack: Stack
  readonly http: HttpClient
  /** As the app's own role, twenty connections. */
  readonly sql: Sql
  readonly rounds: number
  readonly signal: AbortSignal
  /** A fresh app process. */
  app(options?: Partial<Pick<AppRequest, 'env' | 'nodeArgs'>>): Promise<AppProcess>
  /** A program by its path below the benchmark's folder, without its ending. */
  start<Calls extends Handlers>(name: string, options?: Omit<RemoteOptions, 'signal'>): Remote<Calls>
  /** Ends something else after the measure. */
  closeLater(close: () => Promise<void>): void
  /** Something that must hold did not; what was measured is told all the same. */
  fail(reason: string): void
}

export type Measure = (bench: Bench) => Promise<Figure[]>

export interface BenchOptions {
  name: string
  stack: Stack
  sql: Sql
  rounds: number
  signal: AbortSignal
  profileDir: string | null
}

export interface Measured {
  figures: Figure[]
  failures: string[]
}

let apps = 0

/** Runs a measure and ends whatever it started. */
export async function runMeasure(measure: Measure, options: BenchOptions): Promise<Measured> {
  const { name, stack, sql, rounds, signal, profileDir } = options
  const started: { stop(): Promise<void> }[] = []
  const failures = new Set<string>()
  const http = createHttpClient()
  const bench: Bench = {
    stack,
    http,
    sql,
    rounds,
    signal,
    app: async ({ env = {}, nodeArgs = [] } = {}) => {
      const profile = profileDir ? profileArgs(profileDir, `${name}-${++apps}`) : []
      const app = await startApp({ stack, signal, env, nodeArgs: [...nodeArgs, ...profile] })
      started.push(app)
      return app
    },
    start: <Calls extends Handlers>(program: string, programOptions = {}) => {
      const remote = startRemote<Calls>(programPath(program), { ...programOptions, signal })
      started.push(remote)
      return remote
    },
    closeLater: (close) => void started.push({ stop: close }),
    fail: (reason) => void failures.add(reason),
  }
  try {
    return { figures: await measure(bench), failures: [...failures] }
  } finally {
    http.close()
    // What asks before what answers: the last that was started goes first.
    for (const each of started.reverse()) await each.stop().catch(() => {})
  }
}

function profileArgs(folder: string, name: string): string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}.cpuprofile`]
}
