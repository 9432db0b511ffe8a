import type { RowWriter } from '../snapshot/row-writer.ts'
import type { Spool } from './spool.ts'

const FIRST_BUFFER_BYTES = 8 * 1024
const BUFFER_BYTES = 64 * 1024
const [LINE_FEED, COMMA] = [0x0a, 0x2c]

/** Writes the rows of a COPY as an array's elements. Memory holds one buffer of them. */
export class SubsetWriter {
  readonly #rows: RowWriter
  readonly #spool: Spool
  #buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)
  #at = 0
  #isFirst = true
  #rest: Buffer | null = null

  constructor(rows: RowWriter, spool: Spool) {
    this.#rows = rows
    this.#spool = spool
  }

  /** @param bytes a part of the COPY's text, cut anywhere. */
  async write(bytes: Buffer): Promise<void> {
    const text = this.#rest ? Buffer.concat([this.#rest, bytes]) : bytes
    let start = 0
    for (let end = text.indexOf(LINE_FEED); end !== -1; end = text.indexOf(LINE_FEED, start)) {
      this.#writeRow(text, start, end)
      start = end + 1
      if (this.#at >= BUFFER_BYTES) await this.#flush()
    }
    this.#rest = start < text.length ? text.subarray(start) : null
  }

  async end(): Promise<void> {
    if (this.#rest) throw new Error('The rows of a subset end in the middle of one.')
    await this.#flush()
  }

  #writeRow(text: Buffer, start: number, end: number): void {
    this.#reserve(this.#rows.limit(text, start, end) + 1)
    if (!this.#isFirst) this.#buffer[this.#at++] = COMMA
    this.#isFirst = false
    this.#at = this.#rows.write(text, start, end, this.#buffer, this.#at)
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }

  // The spool keeps what it is given.
  async #flush(): Promise<void> {
    const full = this.#buffer.subarray(0, this.#at)
    this.#buffer = Buffer.allocUnsafe(BUFFER_BYTES)
    this.#at = 0
    await this.#spool.write(full)
  }
}
