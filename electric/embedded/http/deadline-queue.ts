/**
 * Calls back for each entry so long after it was added. All wait equally long, so that the first to come is
 * the first that is due, and one timer does for thousands.
 */
export class DeadlineQueue<Entry> {
  readonly #delayMs: number
  readonly #onDue: (entry: Entry) => void
  readonly #dueAt = new Map<Entry, number>()
  #timer: NodeJS.Timeout | null = null

  constructor(delayMs: number, onDue: (entry: Entry) => void) {
    this.#delayMs = delayMs
    this.#onDue = onDue
  }

  /** Of an entry that waits already, the wait begins anew. */
  add(entry: Entry): void {
    this.#dueAt.delete(entry)
    this.#dueAt.set(entry, performance.now() + this.#delayMs)
    this.#timer ??= setTimeout(this.#look, this.#delayMs)
  }

  delete(entry: Entry): void {
    if (!this.#dueAt.delete(entry) || this.#dueAt.size > 0 || this.#timer === null) return
    clearTimeout(this.#timer) // it would keep the process alive
    this.#timer = null
  }

  readonly #look = (): void => {
    this.#timer = null
    const now = performance.now()
    for (const [entry, dueAt] of this.#dueAt) {
      if (dueAt > now) {
        this.#timer ??= setTimeout(this.#look, Math.ceil(dueAt - now))
        return
      }
      this.#dueAt.delete(entry)
      this.#onDue(entry)
    }
  }
}
