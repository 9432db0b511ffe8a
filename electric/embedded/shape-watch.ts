import type { Shape } from './shape.ts'

/**
 * Holds a request until its shape has news.
 * Everything that waits lets go at once when the caller's socket closes.
 * @param timeoutMs null waits without limit
 */
export function waitForChange(
  shape: Shape,
  timeoutMs: number | null,
  closed: AbortSignal,
): Promise<'changed' | 'timeout' | 'closed'> {
  if (closed.aborted) return Promise.resolve('closed')
  return new Promise((resolve) => {
    const settle = (outcome: 'changed' | 'timeout' | 'closed') => {
      unwatch()
      clearTimeout(timer)
      closed.removeEventListener('abort', close)
      resolve(outcome)
    }
    const close = () => settle('closed')
    const unwatch = shape.watch(() => settle('changed'))
    const timer = timeoutMs === null ? undefined : setTimeout(() => settle('timeout'), Math.max(0, timeoutMs))
    closed.addEventListener('abort', close)
  })
}
