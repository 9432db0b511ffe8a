import type { DefinitionRequest, ShapeDefinition } from '../catalog/shape-definition.ts'
import type { Engine } from '../engine.ts'
import { mustRefetch } from './protocol-error.ts'
import type { Reading } from './question.ts'
import type { ShapeRequest } from './request-params.ts'

/** Which shape a request means. */
export class ShapeLookup {
  readonly #engine: Engine
  readonly #readyTimeoutMs: number

  constructor(engine: Engine, readyTimeoutMs: number) {
    this.#engine = engine
    this.#readyTimeoutMs = readyTimeoutMs
  }

  /**
   * At once where it is known.
   * @throws ProtocolError
   */
  define(request: DefinitionRequest): ShapeDefinition | Promise<ShapeDefinition> {
    const found = this.#engine.isReady ? this.#engine.resolver.resolve(request) : null
    return found === null || found instanceof Promise ? this.#defineLater(request, found) : found
  }

  /** @throws ProtocolError 409 when the request names another shape than the one it means. */
  find(request: ShapeRequest, definition: ShapeDefinition): Reading {
    if (request.handle === null) return { request, definition, shape: this.#engine.shape(definition) }
    const shape = this.#engine.registry.byHandle(request.handle)
    if (shape?.definition.key === definition.key) return { request, definition, shape }
    // Made at once, so that the client's next request finds it under way.
    throw mustRefetch(this.#engine.shape(definition).handle)
  }

  /** @throws ProtocolError 503 when the shapes that there are do not become known in time. */
  ready(): Promise<void> {
    return this.#engine.readyBy(performance.now() + this.#readyTimeoutMs)
  }

  /** A handle that is known costs no snapshot. */
  isKnown(handle: unknown): boolean {
    return typeof handle === 'string' && this.#engine.registry.byHandle(handle) !== null
  }

  async #defineLater(
    request: DefinitionRequest,
    resolving: Promise<ShapeDefinition> | null,
  ): Promise<ShapeDefinition> {
    const deadline = performance.now() + this.#readyTimeoutMs
    let definition = await resolving
    // Lost while the catalog was read: what it said may be old.
    while (definition === null || !this.#engine.isReady) {
      await this.#engine.readyBy(deadline)
      definition = await this.#engine.resolver.resolve(request)
    }
    return definition
  }
}
