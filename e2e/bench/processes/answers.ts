import { now } from './calls.ts'

export interface Seen {
  marker: string
  at: number
}

const LOST_AFTER_MS = 10_000

/** What was seen and not yet taken; a failure is told to whoever takes. */
export class Answers {
  #seen: Seen[] = []
  #failure: Error | null = null
  #wake: () => void = () => {}

  record(markers: readonly string[]): void {
    const at = now()
    for (const marker of markers) this.#seen.push({ marker, at })
    this.#wake()
  }

  /** @throws Error with what failed so far. */
  expectNoFailure(): void {
    if (this.#failure) throw this.#failure
  }

  fail(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }

  /** @throws Error when fewer come within ten seconds */
  async take(count: number): Promise<Seen[]> {
    for (const deadline = now() + LOST_AFTER_MS; this.#seen.length < count; ) {
      if (this.#failure) throw this.#failure
      const leftMs = deadline - now()
      if (leftMs <= 0) throw new Error(`${this.#seen.length} of ${count} answers came within 10 s.`)
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      const timer = setTimeout(woken.resolve, leftMs)
      await woken.promise
      clearTimeout(timer)
    }
    const taken = this.#seen
    this.#seen = []
    return taken
  }
}
