import type { Figure } from '../figures.ts'
import type { Handlers } from '../processes/calls.ts'
import { programPath, type Remote, type RemoteOptions, startRemote } from '../processes/remote.ts'
import type { MeasuredDatabase } from './database.ts'
import { type ElectricProcess, type ElectricRequest, startElectric } from './electric-process.ts'

/** What a measure gets. What it started through this ends after it. */
export interface ElectricBench {
  readonly database: MeasuredDatabase
  readonly rounds: number
  readonly signal: AbortSignal
  electric(options?: Pick<ElectricRequest, 'env' | 'nodeArgs'>): Promise<ElectricProcess>
  /** A program by its path below the benchmark's folder, without its ending. */
  start<Calls extends Handlers>(name: string, options?: Omit<RemoteOptions, 'signal'>): Remote<Calls>
}

export type ElectricMeasure = (bench: ElectricBench) => Promise<Figure[]>

export interface BenchOptions {
  name: string
  database: MeasuredDatabase
  folder: string
  rounds: number
  signal: AbortSignal
  profileDir: string | null
}

let streams = 0

/** Runs a measure and ends whatever it started. */
export async function runMeasure(measure: ElectricMeasure, options: BenchOptions): Promise<Figure[]> {
  const { name, database, folder, rounds, signal, profileDir } = options
  const started: { stop(): Promise<void> }[] = []
  const measured: ElectricProcess[] = []
  const profile = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : []
  const bench: ElectricBench = {
    database,
    rounds,
    signal,
    electric: async ({ env = {}, nodeArgs = [] } = {}) => {
      const streamId = `bench_${++streams}`
      const profiled = profile.length > 0 ? [...profile, `--cpu-prof-name=${name}-${streams}.cpuprofile`] : []
      const request = { streamId, database, folder, signal, env, nodeArgs: [...nodeArgs, ...profiled] }
      const electric = await startElectric(request)
      started.push(electric)
      measured.push(electric)
      return electric
    },
    start: <Calls extends Handlers>(program: string, programOptions = {}) => {
      const remote = startRemote<Calls>(programPath(program), { ...programOptions, signal })
      started.push(remote)
      return remote
    },
  }
  try {
    return await measure(bench)
  } catch (cause) {
    const complaints = measured.flatMap((electric) => complaintsOf(electric.process.lastWords()))
    if (complaints.length === 0) throw cause
    throw new Error(`${messageOf(cause)} Electric said: ${complaints.at(-1)}`, { cause })
  } finally {
    await Promise.allSettled(started.map((each) => each.stop()))
  }
}

function complaintsOf(words: string): string[] {
  return words.split('\n').filter((line) => /\b(warn|error|Error)\b/.test(line))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
