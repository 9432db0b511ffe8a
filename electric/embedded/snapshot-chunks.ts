import { createReadStream } from 'node:fs'
import type { Body } from './body.ts'

const READ_BYTES = 256 * 1024

/**
 * A snapshot's rows as finished bodies, one a chunk, one after the other in a file.
 * A small snapshot stays in memory besides, as long as there is room.
 */
export class SnapshotChunks {
  readonly #file: string
  readonly #ends: number[] = []
  #isComplete = false
  #inMemory: Buffer | null = null

  constructor(file: string, storedEnds: readonly number[] | null = null) {
    this.#file = file
    if (!storedEnds) return
    this.#ends.push(...storedEnds)
    this.#isComplete = true
  }

  get file(): string {
    return this.#file
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

  /** On disk. */
  get bytes(): number {
    return this.#ends.at(-1) ?? 0
  }

  get bytesInMemory(): number {
    return this.#inMemory?.length ?? 0
  }

  body(index: number): Body | null {
    const end = this.#ends[index]
    if (end === undefined) return null
    const start = this.#ends[index - 1] ?? 0
    if (this.#inMemory) return this.#inMemory.subarray(start, end)
    const file = this.#file
    return { open: () => createReadStream(file, { start, end: end - 1, highWaterMark: READ_BYTES }) }
  }

  /** A chunk is in the file up to here. */
  close(end: number): void {
    this.#ends.push(end)
  }

  complete(): void {
    this.#isComplete = true
  }

  /** @param whole the file's content, before it is written even. */
  keep(whole: Buffer): void {
    this.#inMemory = whole
  }

  release(): void {
    this.#inMemory = null
  }
}
