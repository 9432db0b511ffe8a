import { mustRefetch, type ProtocolError } from './protocol-error.ts'
import { Shape, type ShapeTransaction } from './shape.ts'
import type { ShapeDefinition } from './shape-definition.ts'
import { ShapeIndex } from './shape-index.ts'

export interface RegistryLimits {
  readonly chunkBytesThreshold: number
  readonly maxShapes: number
  /** Of one shape's log: a longer one costs a new client more than a new snapshot. */
  readonly maxLogBytes: number
  /** Of all shapes together. */
  readonly maxTotalBytes: number
}

/** The shapes there are. Those read longest ago go first when there are too many. */
export class ShapeRegistry {
  readonly index = new ShapeIndex()
  readonly #limits: RegistryLimits
  /** In the order in which they were last read. */
  readonly #byHandle = new Map<string, Shape>()
  readonly #byDefinition = new Map<string, Shape>()
  #lastStamp = 0
  #purges = 0

  constructor(limits: RegistryLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#byHandle.size
  }

  /** Counts the times that everything was dropped. */
  get purges(): number {
    return this.#purges
  }

  byHandle(handle: string): Shape | null {
    return this.#read(this.#byHandle.get(handle))
  }

  byDefinition(definition: ShapeDefinition): Shape | null {
    return this.#read(this.#byDefinition.get(definition.key))
  }

  /** From here on the shape receives what streams; its snapshot is the caller's to take. */
  register(definition: ShapeDefinition): Shape {
    const shape = new Shape(this.#newHandle(definition), definition, this.#limits.chunkBytesThreshold)
    this.#byHandle.set(shape.handle, shape)
    this.#byDefinition.set(definition.key, shape)
    this.index.add(shape)
    const [oldest] = this.#byHandle.values()
    if (oldest && this.#byHandle.size > this.#limits.maxShapes) this.remove(oldest)
    return shape
  }

  deliver(shape: Shape, transaction: ShapeTransaction): void {
    const canGoOn = shape.apply(transaction)
    if (!canGoOn || shape.log.bytes > this.#limits.maxLogBytes) this.remove(shape)
  }

  /** @param answer what requests that wait on it are answered. */
  remove(shape: Shape, answer: ProtocolError = mustRefetch(null)): void {
    if (this.#byHandle.delete(shape.handle)) {
      this.#byDefinition.delete(shape.definition.key)
      this.index.remove(shape)
    }
    shape.end(answer)
  }

  removeTable(oid: number): void {
    for (const shape of [...this.index.ofTable(oid)]) this.remove(shape)
  }

  purge(): void {
    this.#purges++
    for (const shape of [...this.#byHandle.values()]) this.remove(shape)
  }

  /** To be called now and then: snapshots and logs grow by themselves. */
  evictBeyondMemory(): void {
    let bytes = 0
    for (const shape of this.#byHandle.values()) bytes += shape.bytes
    for (const shape of this.#byHandle.values()) {
      if (bytes <= this.#limits.maxTotalBytes) return
      bytes -= shape.bytes
      this.remove(shape)
    }
  }

  [Symbol.iterator](): IterableIterator<Shape> {
    return [...this.#byHandle.values()].values()
  }

  #read(shape: Shape | undefined): Shape | null {
    if (!shape) return null
    this.#byHandle.delete(shape.handle)
    this.#byHandle.set(shape.handle, shape)
    return shape
  }

  // The time in microseconds keeps handles of different runs apart, the increment those of one.
  #newHandle(definition: ShapeDefinition): string {
    this.#lastStamp = Math.max(this.#lastStamp + 1, Date.now() * 1000)
    return `${hash(definition.key)}-${this.#lastStamp}`
  }
}

// FNV-1a: tells definitions apart to the eye; uniqueness is the stamp's.
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}
