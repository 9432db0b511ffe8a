import { randomInt } from 'node:crypto'

const EPOCH_SECONDS = Date.UTC(2024, 9, 9) / 1000

/**
 * The value by which the next live request differs from this one, so that no cache answers it with this answer;
 * the same for all who ask at about the same time, so that a cache can collapse theirs.
 */
export function liveCursor(previous: string | null, longPollTimeoutMs: number, nowMs = Date.now()): string {
  const step = Math.max(1, Math.round(longPollTimeoutMs / 1000))
  const next = Math.ceil((nowMs / 1000 - EPOCH_SECONDS) / step) * step
  const given = previous !== null && /^\d{1,15}$/.test(previous) ? Number(previous) : -1
  return String(given >= next ? given + randomInt(1, 3601) : next)
}
