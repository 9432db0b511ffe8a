import { compareOffsets, type Offset, SNAPSHOT_END } from './offsets.ts'

export interface LogEntry {
  readonly offset: Offset
  readonly json: string
}

/** The messages after an offset, up to the end of their chunk or of the log. */
export interface LogRead {
  readonly after: Offset
  readonly end: Offset
  readonly reachesEnd: boolean
  readonly isEmpty: boolean
}

/** What a log knew when it was written to disk. */
export interface LogState {
  readonly end: Offset
  readonly chunkEnds: readonly Offset[]
  readonly bytes: number
  readonly openChunkBytes: number
}

/** Reads what memory no longer holds. */
export interface LogStorage {
  entries(after: Offset, upTo: Offset, limit: number): readonly LogEntry[]
}

const ENTRIES_A_PAGE = 200

/**
 * The changes of a shape, in commit order. A chunk ends with the message that fills it, so that
 * its boundaries depend on the messages alone and never move. Memory holds the last entries; those before
 * are in storage alone.
 */
export class ShapeLog {
  readonly #threshold: number
  readonly #storage: LogStorage
  #tail: LogEntry[] = []
  #tailBytes = 0
  /** How many entries of the tail are in storage too: the first ones. */
  #storedCount = 0
  /** Of the last entry that is no longer in the tail. */
  #tailStart: Offset
  readonly #chunkEnds: Offset[]
  #end: Offset
  #openChunkBytes: number
  #bytes: number

  constructor(chunkBytesThreshold: number, storage: LogStorage, state: LogState | null = null) {
    this.#threshold = chunkBytesThreshold
    this.#storage = storage
    this.#chunkEnds = [...(state?.chunkEnds ?? [])]
    this.#end = state?.end ?? SNAPSHOT_END
    this.#tailStart = this.#end
    this.#bytes = state?.bytes ?? 0
    this.#openChunkBytes = state?.openChunkBytes ?? 0
  }

  get bytes(): number {
    return this.#bytes
  }

  get end(): Offset {
    return this.#end
  }

  get state(): LogState {
    return {
      end: this.#end,
      chunkEnds: this.#chunkEnds,
      bytes: this.#bytes,
      openChunkBytes: this.#openChunkBytes,
    }
  }

  append(offset: Offset, json: string): void {
    this.#tail.push({ offset, json })
    this.#end = offset
    const bytes = Buffer.byteLength(json) + 1
    this.#bytes += bytes
    this.#tailBytes += bytes
    this.#openChunkBytes += bytes
    if (this.#openChunkBytes < this.#threshold) return
    this.#chunkEnds.push(offset)
    this.#openChunkBytes = 0
  }

  read(from: Offset): LogRead {
    // The log begins where the snapshot ends: all its chunks lie before.
    const after = compareOffsets(from, SNAPSHOT_END) < 0 ? SNAPSHOT_END : from
    const chunk = firstIndex(this.#chunkEnds, (end) => compareOffsets(end, after) > 0)
    const end = this.#chunkEnds[chunk] ?? this.#end
    const reachesEnd = compareOffsets(end, this.#end) === 0
    return { after, end, reachesEnd, isEmpty: compareOffsets(after, end) >= 0 }
  }

  /** The messages when memory has them all, otherwise null. */
  messages({ after, end }: Pick<LogRead, 'after' | 'end'>): string[] | null {
    if (compareOffsets(after, this.#tailStart) < 0) return null
    const from = firstIndex(this.#tail, ({ offset }) => compareOffsets(offset, after) > 0)
    const to = firstIndex(this.#tail, ({ offset }) => compareOffsets(offset, end) > 0)
    return this.#tail.slice(from, to).map(({ json }) => json)
  }

  /** The same a page at a time, from wherever they are. */
  *pages({ after, end }: Pick<LogRead, 'after' | 'end'>): Iterable<readonly string[]> {
    for (let at = after; compareOffsets(at, end) < 0; ) {
      const inMemory = this.messages({ after: at, end })
      if (inMemory) return yield inMemory
      const entries = this.#storage.entries(at, end, ENTRIES_A_PAGE)
      const last = entries.at(-1)
      if (!last) throw new Error('The log in storage is shorter than its end says.')
      yield entries.map(({ json }) => json)
      at = last.offset
    }
  }

  /** What storage does not have yet. */
  unstored(): readonly LogEntry[] {
    return this.#tail.slice(this.#storedCount)
  }

  /** To be called when everything is in storage: memory keeps the last entries only. */
  markStored(keepBytes: number): void {
    let dropped = 0
    while (this.#tailBytes > keepBytes && dropped < this.#tail.length) {
      const entry = this.#tail[dropped++] as LogEntry // within bounds
      this.#tailBytes -= Buffer.byteLength(entry.json) + 1
      this.#tailStart = entry.offset
    }
    if (dropped > 0) this.#tail = this.#tail.slice(dropped)
    this.#storedCount = this.#tail.length
  }
}

/** The first index for which a condition holds that, once true, stays true; the length when none. */
function firstIndex<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(items[middle] as Item))
      high = middle // within bounds
    else low = middle + 1
  }
  return low
}
