import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface LeanAnswer {
  readonly status: number
  /** Lines, each after a line break. */
  readonly head: string
  header(name: string): string | null
  readonly body: Buffer
}

// What the product's proxy, which is Node's `fetch`, sends with a request.
const HEADERS = [
  'connection: keep-alive',
  'accept: */*',
  'accept-language: *',
  'sec-fetch-mode: cors',
  'user-agent: node',
  'accept-encoding: identity',
].join('\r\n')

export function requestHeaders(port: number, token = ''): string {
  const authorization = token && `\r\nauthorization: Bearer ${token}`
  return `host: 127.0.0.1:${port}\r\n${HEADERS}${authorization}`
}

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/**
 * One connection that asks one thing at a time. Node's own client costs several times as much, and with a thousand
 * of them on the other core that would be most of what is measured.
 */
export class LeanConnection {
  readonly #socket: Socket
  readonly #headers: string
  #received: Buffer = Buffer.alloc(0)
  #onAnswer: ((answer: LeanAnswer) => void) | null = null
  #onFailure: (error: Error) => void = () => {}

  private constructor(socket: Socket, headers: string) {
    this.#socket = socket
    this.#headers = headers
    socket.on('data', (part: Buffer) => this.#receive(part))
    socket.on('error', (error) => this.#onFailure(error))
    socket.on('close', () => this.#onFailure(new Error('The server closed the connection.')))
  }

  /** @param token of whoever asks; Electric itself wants none */
  static async open(port: number, token = ''): Promise<LeanConnection> {
    return new LeanConnection(await openSocket(port), requestHeaders(port, token))
  }

  /** @param path with its query */
  get(path: string, onAnswer: (answer: LeanAnswer) => void, onFailure: (error: Error) => void): void {
    this.#onAnswer = onAnswer
    this.#onFailure = onFailure
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${this.#headers}\r\n\r\n`)
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
  return body && { status: Number(head.slice(9, 12)), head, header, body }
}

function headerOf(head: string, name: string): string | null {
  const at = head.toLowerCase().indexOf(`\r\n${name}:`)
  if (at === -1) return null
  const from = at + name.length + 3
  return head.slice(from, head.indexOf('\r\n', from)).trim()
}

function joinedChunks(bytes: Buffer): Buffer | null {
  const { chunks, isLast } = wholeChunks(bytes)
  return isLast ? Buffer.concat(chunks) : null
}

export interface Chunks {
  chunks: Buffer[]
  /** Behind the last one that is whole. */
  end: number
  isLast: boolean
}

export function wholeChunks(bytes: Buffer): Chunks {
  const chunks: Buffer[] = []
  for (let end = 0; ; ) {
    const sizeEnd = bytes.indexOf('\r\n', end)
    if (sizeEnd === -1) return { chunks, end, isLast: false }
    const size = Number.parseInt(bytes.toString('latin1', end, sizeEnd), 16)
    const from = sizeEnd + 2
    if (bytes.length < from + size + 2) return { chunks, end, isLast: false }
    end = from + size + 2
    if (size === 0) return { chunks, end, isLast: true }
    chunks.push(bytes.subarray(from, from + size))
  }
}
