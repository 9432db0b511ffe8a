import { createHash, type Hash, hash } from 'node:crypto'

const NEWLINE = 10
const LANES = 8

/**
 * Counts and digests rows of COPY's text format, in which a newline ends a row and never stands in one. The digest is
 * the sum of the rows' SHA-256, lane by lane: Postgres may hand the same rows out in another order, because a row that
 * does not fit where it would be next goes to any page with room.
 */
export class RowsDigest {
  rows = 0
  bytes = 0
  readonly #sum = new Uint32Array(LANES)
  /** Of a row that began in an earlier chunk: it may be far larger than what should stand in memory. */
  #open: Hash | null = null

  update(chunk: Buffer): void {
    this.bytes += chunk.length
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#add(this.#ended(chunk.subarray(from, at)))
      from = at + 1
    }
    if (from < chunk.length) {
      this.#open ??= createHash('sha256')
      this.#open.update(chunk.subarray(from))
    }
  }

  /** 64 hexadecimal digits. */
  value(): string {
    return Array.from(this.#sum, (lane) => lane.toString(16).padStart(8, '0')).join('')
  }

  #ended(rest: Buffer): Buffer {
    const open = this.#open
    this.#open = null
    return open ? open.update(rest).digest() : hash('sha256', rest, 'buffer')
  }

  #add(row: Buffer): void {
    this.rows += 1
    for (let lane = 0; lane < LANES; lane++) {
      // Within range by the loop's bound; a Uint32Array drops what overflows, which is the sum's modulus.
      this.#sum[lane] = (this.#sum[lane] ?? 0) + row.readUInt32BE(lane * 4)
    }
  }
}
