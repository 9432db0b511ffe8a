import { type FileHandle, open } from 'node:fs/promises'
import type { RowWriter } from './row-writer.ts'
import type { SnapshotChunks } from './snapshot-chunks.ts'

const BUFFER_BYTES = 512 * 1024
/** Snapshots up to here have no file of their own. */
const SMALL_BYTES = 128 * 1024
const FIRST_BUFFER_BYTES = 16 * 1024
const [LINE_FEED, COMMA, OPEN, CLOSE] = [0x0a, 0x2c, 0x5b, 0x5d]

/**
 * Writes the rows of a COPY as a snapshot's chunks. The row that reaches the threshold closes its chunk;
 * the last chunk ends with `snapshot-end`. Memory holds one buffer, whatever the table's size.
 */
export class SnapshotWriter {
  readonly #chunks: SnapshotChunks
  readonly #rows: RowWriter
  readonly #threshold: number
  #buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)
  #at = 0
  /** Where the buffer begins in the file. */
  #position = 0
  /** As the threshold counts: each message and one byte. */
  #chunkBytes = 0
  #closed: number[] = []
  #rest: Buffer | null = null
  #file: FileHandle | null = null

  constructor(chunks: SnapshotChunks, rows: RowWriter, threshold: number) {
    this.#chunks = chunks
    this.#rows = rows
    this.#threshold = threshold
  }

  get bytes(): number {
    return this.#position + this.#at
  }

  /** @param bytes a part of the COPY's text, cut anywhere. @returns whether a chunk can be read that could not be. */
  async write(bytes: Buffer): Promise<boolean> {
    const text = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes
    let start = 0
    for (let end = text.indexOf(LINE_FEED); end !== -1; end = text.indexOf(LINE_FEED, start)) {
      this.#writeRow(text, start, end)
      start = end + 1
      if (this.#at >= BUFFER_BYTES) await this.#flush()
    }
    this.#rest = start < text.length ? text.subarray(start) : null
    return this.#publish()
  }

  /** Ends the last chunk: everything can be read. */
  async complete(snapshotEnd: string): Promise<void> {
    if (this.#rest) throw new Error('The rows of a snapshot end in the middle of one.')
    const message = Buffer.from(snapshotEnd)
    this.#reserve(message.length)
    this.#begin()
    this.#at += message.copy(this.#buffer, this.#at)
    this.#close()
    if (this.#position === 0 && this.#at <= SMALL_BYTES) {
      // A copy: the buffer is larger than what it holds.
      this.#chunks.completeSmall(Buffer.from(this.#buffer.subarray(0, this.#at)), this.#closed)
      return
    }
    await this.#flush()
    this.#publish()
    this.#chunks.complete()
  }

  /** Makes the file outlive a crash of the machine. */
  async save(): Promise<void> {
    await this.#file?.datasync()
    await this.abandon()
  }

  async abandon(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  #writeRow(text: Buffer, start: number, end: number): void {
    this.#reserve(this.#rows.limit(text, start, end))
    this.#begin()
    const from = this.#at
    this.#at = this.#rows.write(text, start, end, this.#buffer, from)
    this.#chunkBytes += this.#at - from + 1
    if (this.#chunkBytes >= this.#threshold) this.#close()
  }

  #begin(): void {
    this.#buffer[this.#at++] = this.#isAtChunkStart ? OPEN : COMMA
    this.#isAtChunkStart = false
  }
  #isAtChunkStart = true

  #close(): void {
    this.#buffer[this.#at++] = CLOSE
    this.#closed.push(this.bytes)
    this.#chunkBytes = 0
    this.#isAtChunkStart = true
  }

  // Brackets or a comma on both sides besides.
  #reserve(bytes: number): void {
    const needed = this.#at + bytes + 4
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }

  async #flush(): Promise<void> {
    if (this.#at === 0) return
    this.#file ??= await open(this.#chunks.file, 'w', 0o600)
    await this.#file.writeFile(this.#buffer.subarray(0, this.#at))
    this.#position += this.#at
    this.#at = 0
  }

  /** Chunks that are whole in the file. */
  #publish(): boolean {
    let isNew = false
    while (this.#closed[0] !== undefined && this.#closed[0] <= this.#position) {
      this.#chunks.close(this.#closed[0])
      this.#closed.shift()
      isNew = true
    }
    return isNew
  }
}
