/**
 * The rows of a snapshot as finished bodies, one a chunk. The row that reaches the threshold closes its chunk;
 * the last chunk ends with `snapshot-end`.
 */
export class SnapshotChunks {
  readonly #threshold: number
  readonly #chunks: Buffer[] = []
  #open: string[] = []
  #openBytes = 0
  #bytes = 0
  #isComplete = false

  constructor(chunkBytesThreshold: number) {
    this.#threshold = chunkBytesThreshold
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  get count(): number {
    return this.#chunks.length
  }

  get bytes(): number {
    return this.#bytes + this.#openBytes
  }

  body(index: number): Buffer | undefined {
    return this.#chunks[index]
  }

  /** @returns whether a chunk was closed. */
  add(json: string): boolean {
    this.#open.push(json)
    this.#openBytes += Buffer.byteLength(json) + 1
    if (this.#openBytes < this.#threshold) return false
    this.#close()
    return true
  }

  complete(snapshotEnd: string): void {
    this.#open.push(snapshotEnd)
    this.#close()
    this.#isComplete = true
  }

  #close(): void {
    const body = Buffer.from(`[${this.#open.join(',')}]`)
    this.#chunks.push(body)
    this.#bytes += body.length
    this.#open = []
    this.#openBytes = 0
  }
}
