import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import { mustRefetch, type ProtocolError } from '../http/protocol-error.ts'
import type { Log } from '../log.ts'
import { parseSnapshotView } from '../replication/visibility.ts'
import type { Storage } from '../storage/storage.ts'
import type { StoredShape } from '../storage/store.ts'
import { Shape, type ShapeTransaction } from './shape.ts'
import { ShapeIndex } from './shape-index.ts'

export interface RegistryLimits {
  readonly chunkBytesThreshold: number
  readonly maxShapes: number
  /** Of one shape's log: a longer one costs a new client more than a new snapshot. */
  readonly maxLogBytes: number
  /** Of all shapes together. */
  readonly maxTotalBytes: number
  readonly log: Log
}

/** Of all small snapshots that stay in memory. */
const MAX_CACHED_BYTES = 32 * 1024 * 1024

/** The shapes there are. Those read longest ago go first when there are too many. */
export class ShapeRegistry {
  readonly index = new ShapeIndex()
  readonly #limits: RegistryLimits
  readonly #storage: Storage
  /** In the order in which they were last read. */
  readonly #byHandle = new Map<string, Shape>()
  readonly #byDefinition = new Map<string, Shape>()
  #lastStamp = 0

  constructor(limits: RegistryLimits, storage: Storage) {
    this.#limits = limits
    this.#storage = storage
  }

  get size(): number {
    return this.#byHandle.size
  }

  get lastStamp(): number {
    return this.#lastStamp
  }

  /** @param stamp of the last handle that a process before this one gave. */
  continueAfter(stamp: number): void {
    this.#lastStamp = Math.max(this.#lastStamp, stamp)
  }

  byHandle(handle: string): Shape | null {
    return this.#read(this.#byHandle.get(handle))
  }

  byDefinition(definition: ShapeDefinition): Shape | null {
    return this.#read(this.#byDefinition.get(definition.key))
  }

  /** From here on the shape receives what streams; its snapshot is the caller's to take. */
  register(definition: ShapeDefinition): Shape {
    const { id, ...parts } = this.#storage.create(this.#limits.chunkBytesThreshold)
    const shape = new Shape(id, this.#newHandle(definition), definition, { ...parts, view: null })
    this.#add(shape)
    const [oldest] = this.#byHandle.values()
    if (oldest && this.#byHandle.size > this.#limits.maxShapes) this.remove(oldest)
    return shape
  }

  /** A shape that was in storage, under its old handle. */
  restore(stored: StoredShape, definition: ShapeDefinition): void {
    const parts = this.#storage.restore(stored, this.#limits.chunkBytesThreshold)
    const view = stored.view === null ? null : parseSnapshotView(stored.view, stored.viewLsn)
    this.#add(new Shape(stored.id, stored.handle, definition, { ...parts, view }))
  }

  deliver(shape: Shape, transaction: ShapeTransaction): void {
    const canGoOn = this.#apply(shape, transaction)
    if (!canGoOn || shape.log.bytes > this.#limits.maxLogBytes) this.remove(shape)
    else if (shape.isKept) this.#storage.touch(shape)
  }

  // One shape that fails must not keep the transaction from the others: it is not delivered again.
  #apply(shape: Shape, transaction: ShapeTransaction): boolean {
    try {
      return shape.apply(transaction)
    } catch (error) {
      this.#limits.log('error', `A shape of ${shape.definition.relation.name} cannot go on: ${String(error)}`)
      return false
    }
  }

  /** @param answer what requests that wait on it are answered. */
  remove(shape: Shape, answer: ProtocolError = mustRefetch(null)): void {
    if (this.#byHandle.delete(shape.handle)) {
      this.#byDefinition.delete(shape.definition.key)
      this.index.remove(shape)
      this.#storage.remove(shape)
    }
    shape.end(answer)
  }

  removeAll(): void {
    for (const shape of [...this.#byHandle.values()]) this.remove(shape)
  }

  /** To be called now and then: snapshots and logs grow by themselves. */
  evictBeyondLimits(): void {
    for (const oldest of this.#byHandle.values()) {
      if (this.#byHandle.size <= this.#limits.maxShapes) break
      this.remove(oldest)
    }
    let bytes = 0
    for (const shape of this.#byHandle.values()) bytes += shape.bytes
    for (const shape of this.#byHandle.values()) {
      if (bytes <= this.#limits.maxTotalBytes) break
      bytes -= shape.bytes
      this.remove(shape)
    }
    this.#releaseSnapshots()
  }

  [Symbol.iterator](): IterableIterator<Shape> {
    return [...this.#byHandle.values()].values()
  }

  #add(shape: Shape): void {
    this.#byHandle.set(shape.handle, shape)
    this.#byDefinition.set(shape.definition.key, shape)
    this.index.add(shape)
  }

  #read(shape: Shape | undefined): Shape | null {
    if (!shape) return null
    this.#byHandle.delete(shape.handle)
    this.#byHandle.set(shape.handle, shape)
    return shape
  }

  // Those that are not stored yet are the only copy.
  #releaseSnapshots(): void {
    let bytes = 0
    for (const { snapshot } of this.#byHandle.values()) bytes += snapshot.whole?.length ?? 0
    for (const shape of this.#byHandle.values()) {
      if (bytes <= MAX_CACHED_BYTES) return
      if (!this.#storage.has(shape)) continue
      bytes -= shape.snapshot.whole?.length ?? 0
      shape.snapshot.release()
    }
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
