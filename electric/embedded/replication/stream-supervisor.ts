import { setTimeout as delay } from 'node:timers/promises'
import { describeError } from '../catalog/database-errors.ts'
import type { Log } from '../log.ts'

const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 5_000

/**
 * Runs the replication again and again, with growing pauses while it fails.
 * @param follow one connection's life; calls `onStart` when it is up
 */
export async function superviseStream(
  follow: (onStart: () => void) => Promise<void>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS
  let lastReason = ''
  while (!signal.aborted) {
    try {
      await follow(() => {
        pauseMs = FIRST_PAUSE_MS
        lastReason = ''
      })
    } catch (error) {
      const reason = describeError(error)
      // Said once, not at every attempt.
      if (reason !== lastReason) log('warn', `Replication is interrupted, trying again: ${reason}`)
      lastReason = reason
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {})
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}
