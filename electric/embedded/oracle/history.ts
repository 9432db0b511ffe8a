const KEPT = 30

/** The last things that happened. */
export class History {
  readonly #lines: string[] = []

  add(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > KEPT) this.#lines.shift()
  }

  get lines(): readonly string[] {
    return this.#lines
  }
}
