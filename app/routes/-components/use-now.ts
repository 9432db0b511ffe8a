import { useSyncExternalStore } from 'react'

const MINUTE_MS = 60_000

let now = new Date()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

/** The time to the minute: one clock for all labels that say "Today" or a time ago. */
export function useNow(): Date {
  return useSyncExternalStore(subscribe, () => now)
}

function subscribe(onChange: () => void): () => void {
  listeners.add(onChange)
  timer ??= setInterval(tick, MINUTE_MS)
  return () => {
    listeners.delete(onChange)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function tick(): void {
  now = new Date()
  for (const listener of [...listeners]) listener()
}
