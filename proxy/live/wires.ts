import { randomBytes } from 'node:crypto'
import type { Wire } from './wire.ts'

/** The streams that this process carries, by the names that their pages know them by. */
export class Wires {
  readonly #wires = new Map<string, Wire>()

  get size(): number {
    return this.#wires.size
  }

  /** Shapes that are followed, over all streams. */
  get entries(): number {
    let entries = 0
    for (const { size } of this.#wires.values()) entries += size
    return entries
  }

  get(name: string): Wire | undefined {
    return this.#wires.get(name)
  }

  /** @returns its name, which nobody can guess: who knows it may change what the stream carries. */
  add(wire: Wire): string {
    const name = randomBytes(16).toString('base64url')
    this.#wires.set(name, wire)
    wire.whenGone(() => this.#wires.delete(name))
    return name
  }

  close(): void {
    for (const wire of [...this.#wires.values()]) wire.breakOff()
  }
}
