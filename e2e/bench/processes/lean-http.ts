import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface LeanAnswer {
  readonly status: number
  header(name: string): string | null
  readonly body: Buffer
}

// What the product's proxy, which is Node's `fetch`, sends with a request.
const HEADERS = [
  'host: 127.0.0.1',
  'connection: keep-alive',
  'accept: */*',
  'accept-language: *',
  'sec-fetch-mode: cors',
  'user-agent: node',
  'accept-encoding: identity',
].join('\r\n')

/**
 * One connection that asks one thing at a time. Node's own client costs several times as much, and with a thousand
 * of them on the other core that would be most of what is measured.
 */
export class LeanConnection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #onAnswer: ((answer: LeanAnswer) => void) | null = null
  #onFailure: (error: Error) => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (part: Buffer) => this.#receive(part))
    socket.on('error', (error) => this.#onFailure(error))
    socket.on('close', () => this.#onFailure(new Error('The server closed the connection.')))
  }

  static async open(port: number): Promise<LeanConnection> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    return new LeanConnection(socket)
  }

  /** @param path with its query */
  get(path: string, onAnswer: (answer: LeanAnswer) => void, onFailure: (error: Error) => void): void {
    this.#onAnswer = onAnswer
    this.#onFailure = onFailure
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${HEADERS}\r\n\r\n`)
  }

  ask(path: string): Promise<LeanAnswer> {
    return new Promise((resolve, reject) => this.get(path, resolve, reject))
  }

  close(): void {
    this.#onFailure = () => {}
    this.#socket.destroy()
  }

  #receive(part: Buffer): void {
    this.#received = this.#received.length === 0 ? part : Buffer.concat([this.#received, part])
    const answer = parseAnswer(this.#received)
    if (!answer) return
    this.#received = Buffer.alloc(0)
    this.#onAnswer?.(answer)
  }
}

/** @returns null until it is whole. */
export function parseAnswer(bytes: Buffer): LeanAnswer | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const head = bytes.toString('latin1', 0, headEnd + 2)
  const header = (name: string) => headerOf(head, name)
  const length = header('content-length')
  const rest = bytes.subarray(headEnd + 4)
  const body = length === null ? joinedChunks(rest) : rest.length < Number(length) ? null : rest
  return body && { status: Number(head.slice(9, 12)), header, body }
}

function headerOf(head: string, name: string): string | null {
  const at = head.toLowerCase().indexOf(`\r\n${name}:`)
  if (at === -1) return null
  const from = at + name.length + 3
  return head.slice(from, head.indexOf('\r\n', from)).trim()
}

function joinedChunks(bytes: Buffer): Buffer | null {
  const chunks: Buffer[] = []
  for (let at = 0; ; ) {
    const sizeEnd = bytes.indexOf('\r\n', at)
    if (sizeEnd === -1) return null
    const size = Number.parseInt(bytes.toString('latin1', at, sizeEnd), 16)
    const from = sizeEnd + 2
    if (bytes.length < from + size + 2) return null
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(from, from + size))
    at = from + size + 2
  }
}
