const LOST_AFTER_MS = 10_000

/** When rows were first seen somewhere, by their ids, on this process's clock. */
export class Arrivals {
  readonly #where: string
  readonly #at = new Map<string, number>()
  readonly #waiting = new Map<string, (at: number) => void>()

  constructor(where: string) {
    this.#where = where
  }

  record(id: string): void {
    if (this.#at.has(id)) return
    const at = performance.now()
    this.#at.set(id, at)
    this.#waiting.get(id)?.(at)
    this.#waiting.delete(id)
  }

  /** @throws Error when the row does not come. */
  of(id: string): Promise<number> {
    const at = this.#at.get(id)
    if (at !== undefined) return Promise.resolve(at)
    return new Promise((resolve, reject) => {
      const lost = setTimeout(
        () =>
          reject(new Error(`The row ${id} was not seen by ${this.#where} within ${LOST_AFTER_MS / 1000} s.`)),
        LOST_AFTER_MS,
      )
      this.#waiting.set(id, (seenAt) => {
        clearTimeout(lost)
        resolve(seenAt)
      })
    })
  }
}
