import { setTimeout as delay } from 'node:timers/promises'
import type { ProbeCalls } from './processes/probe.ts'
import type { Remote } from './processes/remote.ts'

const ASK_EVERY_MS = 40
const QUIET_SHARE = 0.1
const SETTLES_WITHIN_MS = 5_000

export type Usage = ReturnType<ProbeCalls['usage']>

/**
 * Waits until a process has dealt with whatever it was sent: nothing else says that a request is held.
 * @returns its usage then
 */
export async function settled(remote: Remote<ProbeCalls>): Promise<Usage> {
  const deadline = performance.now() + SETTLES_WITHIN_MS
  for (let before = await remote.call('usage'); ; ) {
    await delay(ASK_EVERY_MS)
    const after = await remote.call('usage')
    const isQuiet = after.cpuMs - before.cpuMs < ASK_EVERY_MS * QUIET_SHARE
    if (isQuiet || performance.now() > deadline) return after
    before = after
  }
}
