import type { Socket } from 'node:net'
import type { Position } from './follow-shape.ts'
import { openSocket, requestHeaders, wholeChunks } from './lean-http.ts'

/** One shape over the live stream (proxy/live/FORMAT.md), read as lean as it can be. */
export class StreamClient {
  readonly #socket: Socket
  readonly #onFailure: (error: Error) => void
  #rest: Buffer = Buffer.alloc(0)
  #isOpen = false

  private constructor(socket: Socket, onFailure: (error: Error) => void) {
    this.#socket = socket
    this.#onFailure = onFailure
  }

  /** @param onBytes whole chunks: heartbeats, heads, bodies */
  static async open(
    port: number,
    reader: { position: Position; sessionId: string; token: string },
    onBytes: (bytes: Buffer) => void,
    onFailure: (error: Error) => void,
  ): Promise<StreamClient> {
    const socket = await openSocket(port)
    const client = new StreamClient(socket, onFailure)
    socket.on('data', (part: Buffer) => client.#receive(part, onBytes))
    socket.on('error', onFailure)
    socket.on('close', () => onFailure(new Error('The server closed the stream.')))
    const body = openingOf(reader)
    const headers = `${requestHeaders(port)}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
    socket.write(`POST /api/live HTTP/1.1\r\n${headers}\r\n\r\n${body}`)
    return client
  }

  /** The server has answered, and now goes on. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy()
  }

  #receive(part: Buffer, onBytes: (bytes: Buffer) => void): void {
    this.#rest = this.#rest.length === 0 ? part : Buffer.concat([this.#rest, part])
    if (!this.#isOpen && !this.#passHead()) return
    const { chunks, end } = wholeChunks(this.#rest)
    this.#rest = this.#rest.subarray(end)
    for (const chunk of chunks) {
      if (isRefusal(chunk)) this.#onFailure(new Error(`An entry ended: ${chunk.toString('utf8', 0, 300)}`))
      onBytes(chunk)
    }
  }

  #passHead(): boolean {
    const headEnd = this.#rest.indexOf('\r\n\r\n')
    if (headEnd === -1) return false
    const status = this.#rest.toString('latin1', 9, 12)
    if (status !== '200') this.#onFailure(new Error(`The stream was answered with ${this.#rest}`))
    this.#rest = this.#rest.subarray(headEnd + 4)
    this.#isOpen = true
    return true
  }
}

function openingOf({
  position: { handle, offset },
  sessionId,
  token,
}: {
  position: Position
  sessionId: string
  token: string
}): string {
  const entry = { id: '1', shape: 'chat_messages', session_id: sessionId, token: 0, handle, offset }
  return JSON.stringify({ tokens: [token], entries: [entry] })
}

const STATUS = '"s":'

/** Whether a frame begins that is no 200. */
function isRefusal(chunk: Buffer): boolean {
  if (!chunk.subarray(0, 5).equals(HEAD_START)) return false
  const at = chunk.indexOf(STATUS)
  return (
    at !== -1 && at < 100 && chunk.toString('latin1', at + STATUS.length, at + STATUS.length + 3) !== '200'
  )
}

const HEAD_START = Buffer.from('{"i":')
