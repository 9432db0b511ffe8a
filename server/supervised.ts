import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface SupervisedOptions {
  name: string
  script: string
  args?: string[]
  env: NodeJS.ProcessEnv
  /** Null: its output is this process's. */
  logFile: string | null
  /** Says what happened, for the person at the terminal. */
  report(line: string): void
}

export interface Supervised {
  name: string
  /** Null between two lives. */
  readonly pid: number | null
  stop(): Promise<void>
}

const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 10_000
/** A process that lived this long was well: its next failure starts with a short pause again. */
const WELL_AFTER_MS = 30_000

/** Keeps one Node program running: started again, after growing pauses, whenever it ends by itself. */
export function supervise(options: SupervisedOptions): Supervised {
  let stopping = false
  let child: ChildProcess | undefined
  const wake = new AbortController()
  // What cannot start, as on a full disk, is tried again like what ended: the others must not go down with it.
  const live = async (): Promise<string> => {
    try {
      child = launch(options)
      return await exitOf(child)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  const ended = (async () => {
    for (let pause = FIRST_PAUSE_MS; !stopping; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const startedAt = performance.now()
      const how = await live()
      if (stopping) return
      if (performance.now() - startedAt > WELL_AFTER_MS) pause = FIRST_PAUSE_MS
      options.report(
        `${options.name} ended (${how}); starting it again.${options.logFile ? ` Its log: ${options.logFile}` : ''}`,
      )
      await delay(pause, undefined, { signal: wake.signal }).catch(() => {})
    }
  })()
  return {
    name: options.name,
    get pid() {
      return child && child.exitCode === null && child.signalCode === null ? (child.pid ?? null) : null
    },
    stop: async () => {
      stopping = true
      wake.abort()
      child?.kill('SIGTERM')
      const hardStop = setTimeout(() => child?.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(hardStop)
    },
  }
}

function launch({ script, args = [], env, logFile }: SupervisedOptions): ChildProcess {
  const log = logFile === null ? 'inherit' : openSync(logFile, 'a')
  try {
    // A process group of its own, so that Ctrl-C reaches the starter alone; the channel tells it when the starter is gone.
    return spawn(process.execPath, [script, ...args], {
      env,
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    if (log !== 'inherit') closeSync(log)
  }
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`))
  })
}
