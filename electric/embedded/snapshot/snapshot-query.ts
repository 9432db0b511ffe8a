import { type Connection, type Submittable, types } from 'pg'

type Row = Record<string, unknown>

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
}

/** Beyond this much unread, the connection is not read any further. */
const MAX_WAITING_BYTES = 1024 * 1024
const FIRST_BUFFER_BYTES = 16 * 1024

/**
 * Several statements sent as one message: some that answer rows, and a COPY after them. For a small table the ways to
 * Postgres and back would cost more than everything that is done there.
 */
export class SnapshotQuery implements Submittable, AsyncIterable<Buffer> {
  /** The rows of the statements before the COPY, one list each. */
  readonly heads: Promise<readonly (readonly Row[])[]>
  /** When the last statement is done, or one has failed. */
  readonly ended: Promise<void>
  readonly #text: string
  readonly #headCount: number
  readonly #whenHeads = Promise.withResolvers<readonly (readonly Row[])[]>()
  readonly #whenEnded = Promise.withResolvers<void>()
  readonly #lists: Row[][] = []
  #parsers: readonly { name: string; parse: (text: string) => unknown }[] = []
  #connection: Connection | null = null
  #buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)
  #bytes = 0
  #isCopied = false
  #failure: Error | null = null
  #wake: () => void = () => {}

  /** @param headCount of the statements that answer rows; all of them come before the COPY */
  constructor(text: string, headCount: number) {
    this.#text = text
    this.#headCount = headCount
    this.heads = this.#whenHeads.promise
    this.ended = this.#whenEnded.promise
    this.heads.catch(() => {}) // thrown to whoever awaits it, or reads the rows
    this.ended.catch(() => {})
  }

  /** The COPY's text as it comes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.#failure) throw this.#failure
      if (this.#bytes > 0) yield this.#take()
      else if (this.#isCopied) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#bytes)
    this.#buffer = Buffer.allocUnsafe(this.#buffer.length)
    this.#bytes = 0
    this.#connection?.stream.resume()
    return bytes
  }

  #reserve(bytes: number): void {
    const needed = this.#bytes + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(larger, 0, 0, this.#bytes)
    this.#buffer = larger
  }

  // What follows is called by the driver as the answer arrives.

  submit(connection: Connection): void {
    this.#connection = connection
    connection.query(this.#text)
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.#lists.push([])
    this.#parsers = fields.map(({ name, dataTypeID }) => ({ name, parse: types.getTypeParser(dataTypeID) }))
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    const values = this.#parsers.map(({ name, parse }, index) => {
      const text = fields[index] ?? null
      return [name, text === null ? null : parse(text)]
    })
    this.#lists.at(-1)?.push(Object.fromEntries(values))
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    this.#reserve(chunk.length)
    // Copied: the driver reads what comes next into the same memory.
    this.#bytes += chunk.copy(this.#buffer, this.#bytes)
    if (this.#bytes > MAX_WAITING_BYTES) this.#connection?.stream.pause()
    this.#wake()
  }

  handleCommandComplete({ text }: { text: string }): void {
    if (this.#lists.length === this.#headCount) this.#whenHeads.resolve(this.#lists)
    if (!text.startsWith('COPY')) return
    this.#isCopied = true
    this.#wake()
  }

  handleEmptyQuery(): void {}

  handleReadyForQuery(): void {
    this.#connection?.stream.resume()
    this.#isCopied = true
    this.#wake()
    this.#whenEnded.resolve()
  }

  /** Of the server, or of a connection that was lost. */
  handleError(error: Error): void {
    // Whatever comes next on the connection must be heard, also when nobody takes the rows any more.
    this.#connection?.stream.resume()
    this.#failure = error
    this.#whenHeads.reject(error)
    this.#whenEnded.reject(error)
    this.#wake()
  }
}
