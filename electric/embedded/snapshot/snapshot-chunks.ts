import { open } from 'node:fs/promises'
import type { Body } from '../http/body.ts'

const READ_BYTES = 256 * 1024
const SPARE_BUFFERS = 8
/** A new buffer for every part read would be most of the garbage that there is. */
const spare: Buffer[] = []

/** What storage knows of a snapshot. */
export interface StoredSnapshot {
  readonly ends: readonly number[]
  readonly isSmall: boolean
}

/**
 * A snapshot's rows as finished bodies, one a chunk, one after the other. A small snapshot is kept whole, in memory as
 * long as there is room and in storage beside the log; a large one is in a file of its own.
 */
export class SnapshotChunks {
  readonly file: string
  readonly #readStored: () => Buffer
  readonly #ends: number[]
  #isComplete: boolean
  #isSmall: boolean
  #whole: Buffer | null = null

  constructor(file: string, readStored: () => Buffer, stored: StoredSnapshot | null = null) {
    this.file = file
    this.#readStored = readStored
    this.#ends = [...(stored?.ends ?? [])]
    this.#isComplete = stored !== null
    this.#isSmall = stored?.isSmall ?? false
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Of the chunks that can be read. */
  get count(): number {
    return this.#ends.length
  }

  get ends(): readonly number[] {
    return this.#ends
  }

  get bytes(): number {
    return this.#ends.at(-1) ?? 0
  }

  get isSmall(): boolean {
    return this.#isSmall
  }

  /** A small snapshot's chunks, while they are in memory. */
  get whole(): Buffer | null {
    return this.#whole
  }

  body(index: number): Body | null {
    const end = this.#ends[index]
    if (end === undefined) return null
    const start = this.#ends[index - 1] ?? 0
    if (this.#isSmall) return (this.#whole ?? this.#readStored()).subarray(start, end)
    const { file } = this
    return { open: () => readPart(file, start, end) }
  }

  /** A chunk is in the file up to here. */
  close(end: number): void {
    this.#ends.push(end)
  }

  complete(): void {
    this.#isComplete = true
  }

  completeSmall(whole: Buffer, ends: readonly number[]): void {
    this.#whole = whole
    this.#isSmall = true
    this.#ends.push(...ends)
    this.#isComplete = true
  }

  /** To be called when storage has it. */
  release(): void {
    this.#whole = null
  }
}

async function* readPart(file: string, start: number, end: number): AsyncIterable<Buffer> {
  const handle = await open(file)
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)
  try {
    for (let at = start; at < end; ) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_BYTES, end - at), at)
      if (bytesRead === 0) throw new Error('A snapshot file is shorter than its chunks.')
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    if (spare.length < SPARE_BUFFERS) spare.push(buffer)
    await handle.close()
  }
}
