import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import type { Shape } from '../shape/shape.ts'
import type { Exchange, Holder } from './exchange.ts'
import type { ShapeRequest } from './request-params.ts'
import type { Listener } from './shape-audience.ts'

/** What must come before there is an answer. */
export type Wait = 'snapshot' | 'log' | 'out-of-bounds'

/** A request and the shape that it reads. */
export interface Reading {
  readonly request: ShapeRequest
  readonly shape: Shape
  /** As the catalog has it now, which may differ from the shape's own in what columns may be null. */
  readonly definition: ShapeDefinition
}

interface Asker {
  onNews(question: Question): void
  release(question: Question, exchange: Exchange): void
}

/** One request and all who wait for its answer: it is found once for all of them. */
export class Question implements Reading, Holder, Listener {
  readonly request: ShapeRequest
  readonly shape: Shape
  readonly definition: ShapeDefinition
  readonly wait: Wait
  readonly waiting = new Set<Exchange>()
  readonly #asker: Asker

  constructor(reading: Reading, wait: Wait, asker: Asker) {
    this.request = reading.request
    this.shape = reading.shape
    this.definition = reading.definition
    this.wait = wait
    this.#asker = asker
  }

  isOf({ request, shape, definition }: Reading, wait: Wait): boolean {
    return (
      request === this.request && shape === this.shape && definition === this.definition && wait === this.wait
    )
  }

  onNews(): void {
    this.#asker.onNews(this)
  }

  release(exchange: Exchange): void {
    this.#asker.release(this, exchange)
  }
}
