import { randomInt } from 'node:crypto'
import type { Place } from './exchange.ts'
import { ProtocolError } from './protocol-error.ts'

/** Counts the requests of one kind that are under way: beyond its limit one more would only make all slower. */
export class Admission {
  readonly #kind: 'initial' | 'existing'
  readonly #limit: number
  readonly #place: Place = { leave: () => this.#open-- }
  #open = 0

  constructor(kind: 'initial' | 'existing', limit: number) {
    this.#kind = kind
    this.#limit = limit
  }

  /**
   * @returns what must be left again.
   * @throws ProtocolError 503
   */
  enter(): Place {
    if (this.#open >= this.#limit) throw this.#refusal()
    this.#open++
    return this.#place
  }

  #refusal(): ProtocolError {
    const message = `Concurrent ${this.#kind} request limit exceeded (limit: ${this.#limit}), please retry`
    return new ProtocolError(
      503,
      { code: 'concurrent_request_limit_exceeded', message },
      // Random, so that those who are turned away together do not come back together.
      { 'retry-after': String(randomInt(6, 11)), 'electric-internal-known-error': 'true' },
    )
  }
}
