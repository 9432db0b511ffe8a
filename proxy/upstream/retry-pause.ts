const PAUSES_MS = [100, 250, 600]

/**
 * How long to wait before Electric is asked again, not the same for everybody: a restarting one is back within a second
 * or so.
 * @param retry counted from 0. @returns undefined when it has been tried often enough.
 */
export function retryPauseMs(retry: number): number | undefined {
  const pauseMs = PAUSES_MS[retry]
  return pauseMs === undefined ? undefined : pauseMs * (0.5 + Math.random())
}
