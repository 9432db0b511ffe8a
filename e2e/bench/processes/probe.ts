import { answerCalls } from './calls.ts'

// Preloaded (`--import`) into a process that is measured: the process itself carries nothing for it.

const calls = {
  /** Milliseconds of processor time so far, all threads, and bytes. */
  usage: () => {
    const { user, system } = process.cpuUsage()
    return { cpuMs: (user + system) / 1000, residentBytes: process.memoryUsage.rss() }
  },
  /** Bytes that are left after a full collection. @throws Error without `--expose-gc` */
  liveHeap: () => {
    if (!globalThis.gc) throw new Error('The process was started without --expose-gc.')
    globalThis.gc()
    globalThis.gc() // what finalizers let go of in the first
    return process.memoryUsage().heapUsed
  },
}

export type ProbeCalls = typeof calls

answerCalls(calls)
// Measured or not, the process should end when it would.
process.channel?.unref()
