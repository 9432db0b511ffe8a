import type { Timing } from './timing.ts'

/** How long to wait before the next attempt: longer each time, and never the same for two pages. */
export class BackOff {
  readonly #timing: Timing
  #failures = 0

  constructor(timing: Timing) {
    this.#timing = timing
  }

  nextMs(): number {
    const { retryMs, maxRetryMs } = this.#timing
    return Math.min(retryMs * 2 ** this.#failures++, maxRetryMs) * (0.5 + Math.random() / 2)
  }

  reset(): void {
    this.#failures = 0
  }
}
