import type { Engine } from '../engine.ts'
import type { Shape } from '../shape/shape.ts'
import { type Answer, emptyAnswer } from './answer.ts'
import { ProtocolError } from './protocol-error.ts'
import type { QueryMap } from './query-params.ts'
import { parseDeletion } from './request-params.ts'
import type { ShapeLookup } from './shape-lookup.ts'

/** Ends a shape: for test suites that tidy up after themselves. */
export class ShapeDeletion {
  readonly #engine: Engine
  readonly #lookup: ShapeLookup
  readonly #isAllowed: boolean

  constructor(engine: Engine, lookup: ShapeLookup, isAllowed: boolean) {
    this.#engine = engine
    this.#lookup = lookup
    this.#isAllowed = isAllowed
  }

  /** @throws ProtocolError */
  async delete(query: QueryMap): Promise<Answer> {
    if (!this.#isAllowed) throw new ProtocolError(405, { message: 'DELETE not allowed' })
    await this.#lookup.ready()
    this.#engine.registry.remove(await this.#find(query))
    return emptyAnswer(202, { 'cache-control': 'no-cache' })
  }

  async #find(query: QueryMap): Promise<Shape> {
    const { definition, handle } = parseDeletion(query)
    const { registry } = this.#engine
    const shape = definition
      ? registry.byDefinition(await this.#lookup.define(definition))
      : registry.byHandle(handle ?? '')
    if (!shape) throw new ProtocolError(404, { message: 'No existing shape found' })
    if (handle !== null && handle !== shape.handle) throw mismatch()
    return shape
  }
}

function mismatch(): ProtocolError {
  const message =
    'The specified shape definition and handle do not match. Please ensure the shape definition is correct or omit the shape handle from the request to obtain a new one.'
  return new ProtocolError(400, { message })
}
