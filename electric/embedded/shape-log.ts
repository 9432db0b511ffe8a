import { compareOffsets, type Offset, SNAPSHOT_END } from './offsets.ts'

interface LogEntry {
  readonly offset: Offset
  readonly json: string
}

/** The messages after an offset, up to the end of their chunk or of the log. */
export interface LogRead {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly end: Offset
  readonly reachesEnd: boolean
}

/**
 * The changes of a shape, in commit order. A chunk ends with the message that fills it, so that
 * its boundaries depend on the messages alone and never move.
 */
export class ShapeLog {
  readonly #threshold: number
  readonly #entries: LogEntry[] = []
  /** Of each complete chunk, the index after its last entry. */
  readonly #chunkEnds: number[] = []
  #openChunkBytes = 0
  #bytes = 0

  constructor(chunkBytesThreshold: number) {
    this.#threshold = chunkBytesThreshold
  }

  get bytes(): number {
    return this.#bytes
  }

  get end(): Offset {
    return this.#entries.at(-1)?.offset ?? SNAPSHOT_END
  }

  append(offset: Offset, json: string): void {
    this.#entries.push({ offset, json })
    const bytes = Buffer.byteLength(json) + 1
    this.#bytes += bytes
    this.#openChunkBytes += bytes
    if (this.#openChunkBytes < this.#threshold) return
    this.#chunkEnds.push(this.#entries.length)
    this.#openChunkBytes = 0
  }

  read(after: Offset): LogRead {
    const from = firstIndex(this.#entries.length, (index) => compareOffsets(this.#offset(index), after) > 0)
    const chunk = firstIndex(this.#chunkEnds.length, (index) => (this.#chunkEnds[index] ?? 0) > from)
    const to = this.#chunkEnds[chunk] ?? this.#entries.length
    const reachesEnd = to === this.#entries.length
    return { from, to, reachesEnd, end: reachesEnd ? this.end : this.#offset(to - 1) }
  }

  messages({ from, to }: LogRead): string[] {
    return this.#entries.slice(from, to).map(({ json }) => json)
  }

  #offset(index: number): Offset {
    return this.#entries[index]?.offset ?? SNAPSHOT_END
  }
}

/** The first index below `count` for which a condition holds that, once true, stays true; `count` when none. */
function firstIndex(count: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
