import type { AccessHolder } from './access-endings.ts'

/** Tells holders when their time is over. All within the same tenth of a second share one timer: readers are many. */
export class Deadlines {
  readonly #due = new Map<number, { timer: NodeJS.Timeout; holders: Set<AccessHolder> }>()

  /** @param atMs milliseconds since the epoch; it is told up to 100 ms before, so that it is never late. */
  add(atMs: number, holder: AccessHolder): void {
    const tick = tickOf(atMs)
    const { holders } = this.#due.get(tick) ?? this.#open(tick)
    holders.add(holder)
  }

  remove(atMs: number, holder: AccessHolder): void {
    const tick = tickOf(atMs)
    const due = this.#due.get(tick)
    if (!due?.holders.delete(holder) || due.holders.size > 0) return
    clearTimeout(due.timer)
    this.#due.delete(tick)
  }

  close(): void {
    for (const { timer } of this.#due.values()) clearTimeout(timer)
    this.#due.clear()
  }

  #open(tick: number) {
    const holders = new Set<AccessHolder>()
    const fire = () => {
      this.#due.delete(tick)
      for (const holder of holders) holder.rightEnded()
    }
    const due = { timer: setTimeout(fire, Math.max(0, tick * TICK_MS - Date.now())).unref(), holders }
    this.#due.set(tick, due)
    return due
  }
}

const TICK_MS = 100
const tickOf = (atMs: number) => Math.floor(atMs / TICK_MS)
