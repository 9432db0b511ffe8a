import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../log.ts'
import { formatSnapshotView } from '../replication/visibility.ts'
import type { Offset } from '../shape/offsets.ts'
import type { Shape } from '../shape/shape.ts'
import { ShapeLog } from '../shape/shape-log.ts'
import { SnapshotChunks, type StoredSnapshot } from '../snapshot/snapshot-chunks.ts'
import { ShapeStore, type StoredPosition, type StoredShape } from './store.ts'
import { signatureOf, writeRequest } from './stored-request.ts'

/** Of each log, after it was stored. */
const TAIL_BYTES = 32 * 1024

/**
 * The folder in which shapes outlive the process: `shapes.sqlite` and a file for each large snapshot. Nothing in it is
 * the only copy of anything: whatever is wrong with it, an empty one takes its place.
 */
export class Storage {
  readonly #store: ShapeStore
  readonly #snapshots: string
  readonly #temporary: string | null
  /** Shapes in the store, by what is left to write of them. */
  readonly #dirty = new Set<Shape>()
  readonly #stored = new Set<number>()
  readonly #removed: number[] = []
  #smallSizes: ReadonlyMap<number, number> = new Map()
  #nextId = 1

  private constructor(store: ShapeStore, snapshots: string, temporary: string | null) {
    this.#store = store
    this.#snapshots = snapshots
    this.#temporary = temporary
  }

  /** @param dir null for one that goes with the process. @throws Error when another process uses it. */
  static open(dir: string | null, log: Log): Storage {
    const folder = dir ?? mkdtempSync(join(tmpdir(), 'electric-'))
    const snapshots = join(folder, 'snapshots')
    mkdirSync(snapshots, { recursive: true, mode: 0o700 })
    const store = dir === null ? new ShapeStore(':memory:') : openStore(folder, log)
    return new Storage(store, snapshots, dir === null ? folder : null)
  }

  close(): void {
    this.#store.close()
    if (this.#temporary) rmSync(this.#temporary, { recursive: true, force: true })
  }

  /** Where everything in the folder was true; null for an empty one. */
  position(): StoredPosition | null {
    return this.#store.position()
  }

  /** What the folder holds; files that belong to nothing are removed, shapes without their file left out. */
  load(): StoredShape[] {
    const stored = this.#store.shapes()
    this.#smallSizes = this.#store.snapshotSizes()
    const whole = stored.filter((shape) => this.#hasSnapshot(shape))
    const known = new Set(whole.map(({ id }) => `${id}.json`))
    for (const file of readdirSync(this.#snapshots)) {
      if (!known.has(file)) rmSync(join(this.#snapshots, file), { force: true })
    }
    for (const { id } of stored) this.#stored.add(id)
    for (const shape of stored) if (!whole.includes(shape)) this.#removed.push(shape.id)
    this.#nextId = Math.max(0, ...stored.map(({ id }) => id)) + 1
    return whole
  }

  /** Of a shape that is made anew. */
  create(chunkBytesThreshold: number): { id: number; snapshot: SnapshotChunks; log: ShapeLog } {
    const id = this.#nextId++
    return { id, snapshot: this.#snapshot(id), log: this.#log(id, chunkBytesThreshold) }
  }

  /** Of a shape that was stored. */
  restore(stored: StoredShape, chunkBytesThreshold: number): { snapshot: SnapshotChunks; log: ShapeLog } {
    return {
      snapshot: this.#snapshot(stored.id, {
        ends: stored.snapshotEnds,
        isSmall: this.#smallSizes.has(stored.id),
      }),
      log: this.#log(stored.id, chunkBytesThreshold, stored),
    }
  }

  /** The shape has something that the store does not have; its snapshot is in its file. */
  touch(shape: Shape): void {
    this.#dirty.add(shape)
  }

  remove(shape: Pick<Shape, 'id' | 'snapshot'>): void {
    if (this.#stored.has(shape.id)) this.#removed.push(shape.id)
    if (!shape.snapshot.isSmall) rm(this.#file(shape.id), { force: true }).catch(() => {}) // `load` removes what is left
  }

  /** A stored shape that is not brought back. */
  forget({ id }: StoredShape): void {
    this.#removed.push(id)
    rm(this.#file(id), { force: true }).catch(() => {})
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#removed.length > 0
  }

  /** Everything that was true at a position is on disk when this returns. */
  flush(position: StoredPosition): void {
    const dirty = [...this.#dirty].filter(({ ending }) => !ending)
    const removed = [...this.#removed]
    this.#store.transaction(() => {
      for (const id of removed) this.#store.removeShape(id)
      for (const shape of dirty) this.#write(shape)
      this.#store.setPosition(position)
    })
    // Only now: what could not be written, on a full disk, is written the next time.
    this.#dirty.clear()
    this.#removed.length = 0
    for (const id of removed) this.#stored.delete(id)
    for (const shape of dirty) {
      this.#stored.add(shape.id)
      shape.log.markStored(TAIL_BYTES)
    }
    if (removed.length > 0) this.#store.shrink()
  }

  /** Resolves when everything that was flushed before outlives a crash of the machine. */
  sync(): Promise<void> {
    return this.#store.sync()
  }

  /** Whether the shape's snapshot may leave memory. */
  has({ id }: Shape): boolean {
    return this.#stored.has(id)
  }

  /** Nothing of what the folder holds is true any more. */
  clear(): void {
    this.#dirty.clear()
    this.#removed.length = 0
    this.#stored.clear()
    this.#store.transaction(() => this.#store.removeAll())
    for (const file of readdirSync(this.#snapshots)) rmSync(join(this.#snapshots, file), { force: true })
  }

  #write(shape: Shape): void {
    const { whole } = shape.snapshot
    if (whole && !this.#stored.has(shape.id)) this.#store.putSnapshot(shape.id, whole)
    for (const entry of shape.log.unstored()) this.#store.append(shape.id, entry)
    const { end, chunkEnds, bytes, openChunkBytes } = shape.log.state
    this.#store.putShape({
      id: shape.id,
      handle: shape.handle,
      request: writeRequest(shape.definition.request),
      signature: signatureOf(shape.definition),
      view: shape.view && formatSnapshotView(shape.view),
      viewLsn: shape.view?.lsn ?? 0n,
      snapshotEnds: shape.snapshot.ends,
      logEnd: end,
      logChunkEnds: chunkEnds,
      logBytes: bytes,
      openChunkBytes,
    })
  }

  #log(id: number, threshold: number, stored: StoredShape | null = null): ShapeLog {
    const entries = (after: Offset, upTo: Offset, limit: number) =>
      this.#store.entries(id, after, upTo, limit)
    const state = stored && {
      end: stored.logEnd,
      chunkEnds: stored.logChunkEnds,
      bytes: stored.logBytes,
      openChunkBytes: stored.openChunkBytes,
    }
    return new ShapeLog(threshold, { entries }, state)
  }

  #snapshot(id: number, stored: StoredSnapshot | null = null): SnapshotChunks {
    return new SnapshotChunks(this.#file(id), () => this.#store.snapshot(id), stored)
  }

  #file(id: number): string {
    return join(this.#snapshots, `${id}.json`)
  }

  // A file that a crash of the machine cut short is shorter than its ends say.
  #hasSnapshot({ id, snapshotEnds }: StoredShape): boolean {
    const size = this.#smallSizes.get(id) ?? statSync(this.#file(id), { throwIfNoEntry: false })?.size
    return size !== undefined && size === (snapshotEnds.at(-1) ?? 0)
  }
}

function openStore(folder: string, log: Log): ShapeStore {
  const file = join(folder, 'shapes.sqlite')
  try {
    return new ShapeStore(file)
  } catch (error) {
    if (isInUse(error)) throw new Error(`${folder} is in use by another process.`, { cause: error })
    if (!isBroken(error)) throw error // a full disk, say: what is there is still good
    log('warn', `${file} cannot be read; starting with an empty one: ${String(error)}`)
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
    return new ShapeStore(file)
  }
}

const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

function isInUse(error: unknown): boolean {
  return primaryCode(error) === SQLITE_BUSY
}

// Without a code it is our own: of a format that this program does not know.
function isBroken(error: unknown): boolean {
  const code = primaryCode(error)
  return code === null || code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

/** SQLite says more in the higher bits. */
function primaryCode(error: unknown): number | null {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null
  return typeof code === 'number' ? code & 0xff : null
}
