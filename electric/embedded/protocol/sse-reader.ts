import type { ChangeMessage } from '../testing.ts'

export interface ControlMessage {
  readonly headers: Readonly<Record<string, unknown>>
}

/** Reads server-sent events one by one. */
export class SseReader {
  readonly response: Response
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #text = ''

  private constructor(response: Response) {
    this.response = response
    // An empty body stands for none.
    this.#reader = (response.body ?? new Blob([]).stream()).getReader()
  }

  static async open(electric: { url: string }, params: Record<string, string>): Promise<SseReader> {
    const query = new URLSearchParams({ live: 'true', live_sse: 'true', ...params })
    return new SseReader(await fetch(`${electric.url}/v1/shape?${query}`))
  }

  /** @returns the block as it came, without the empty line that ends it; null at the end of the stream. */
  async next(): Promise<string | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end !== -1) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return block
      }
      const { done, value } = await this.#reader.read()
      if (done) return null
      this.#text += this.#decoder.decode(value, { stream: true })
    }
  }

  /** The messages up to and with the next `up-to-date`, or the end of the stream. */
  async messages(): Promise<(ChangeMessage | ControlMessage)[]> {
    const messages: (ChangeMessage | ControlMessage)[] = []
    for (;;) {
      const block = await this.next()
      if (block === null) return messages
      if (!block.startsWith('data: ')) continue
      const message = JSON.parse(block.slice('data: '.length))
      messages.push(message)
      if (message.headers.control === 'up-to-date') return messages
    }
  }

  close(): Promise<void> {
    return this.#reader.cancel()
  }
}
