/** Calls back at given times. All that are due within the same tenth of a second share one timer: readers are many. */
export class Deadlines {
  readonly #due = new Map<number, { timer: NodeJS.Timeout; callbacks: Set<() => void> }>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /**
   * @param atMs milliseconds since the epoch; the callback comes up to 100 ms before, so that it is never late.
   * @returns how to be spared.
   */
  add(atMs: number, callback: () => void): () => void {
    const tick = Math.floor(atMs / TICK_MS)
    const { callbacks } = this.#due.get(tick) ?? this.#open(tick)
    callbacks.add(callback)
    return () => {
      if (!callbacks.delete(callback) || callbacks.size > 0) return
      clearTimeout(this.#due.get(tick)?.timer)
      this.#due.delete(tick)
    }
  }

  close(): void {
    for (const { timer } of this.#due.values()) clearTimeout(timer)
    this.#due.clear()
  }

  #open(tick: number) {
    const callbacks = new Set<() => void>()
    const fire = () => {
      this.#due.delete(tick)
      for (const callback of callbacks) callback()
    }
    const due = { timer: setTimeout(fire, Math.max(0, tick * TICK_MS - this.#now())).unref(), callbacks }
    this.#due.set(tick, due)
    return due
  }
}

const TICK_MS = 100
