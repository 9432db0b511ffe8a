import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { requestHeaders } from './lean-http.ts'

const BUFFER_BYTES = 256 * 1024

/**
 * One connection that counts the bytes of bodies and throws them away, in a buffer that stays: whoever reads as fast as
 * it can on a machine of few cores must take little of what it measures.
 */
export class DrainingConnection {
  readonly #port: number
  readonly #socket: Socket
  #head = ''
  #isInHead = true
  /** Bytes of the body still to come; of the chunk, where there are chunks. */
  #left = 0
  #isChunked = false
  #sizeLine = ''
  #received = 0
  #answered: PromiseWithResolvers<number> | null = null

  constructor(port: number) {
    this.#port = port
    const callback = (length: number, buffer: Uint8Array) => {
      this.#receive(Buffer.from(buffer.buffer, buffer.byteOffset, length))
      return true
    }
    const onread = { buffer: Buffer.allocUnsafe(BUFFER_BYTES), callback }
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread })
    this.#socket.on('error', (error) => this.#answered?.reject(error))
    this.#socket.on('close', () => this.#answered?.reject(new Error('The server closed the connection.')))
  }

  /** @returns the size of the body. @throws Error when it is answered with another status than 200 */
  get(path: string, token = ''): Promise<number> {
    this.#answered = Promise.withResolvers()
    this.#head = ''
    this.#isInHead = true
    this.#received = 0
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${requestHeaders(this.#port, token)}\r\n\r\n`)
    return this.#answered.promise
  }

  close(): void {
    this.#answered = null
    this.#socket.destroy()
  }

  #receive(bytes: Buffer): void {
    let at = 0
    if (this.#isInHead) {
      const before = this.#head.length
      this.#head += bytes.toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end === -1) return
      this.#begin(this.#head.slice(0, end))
      at = end + 4 - before
    }
    if (this.#isChunked) this.#receiveChunks(bytes, at)
    else this.#receiveBody(bytes.length - at)
  }

  #begin(head: string): void {
    this.#isInHead = false
    if (head.slice(9, 12) !== '200') this.#answered?.reject(new Error(`Answered with ${head}`))
    const [, length] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? []
    this.#isChunked = length === undefined
    this.#left = Number(length ?? 0)
    this.#sizeLine = ''
  }

  #receiveBody(count: number): void {
    this.#received += count
    this.#left -= count
    if (this.#left === 0) this.#answered?.resolve(this.#received)
  }

  #receiveChunks(bytes: Buffer, from: number): void {
    for (let at = from; at < bytes.length; ) {
      at = this.#left > 0 ? this.#skip(bytes, at) : this.#readSize(bytes, at)
    }
  }

  /** @returns where it goes on. */
  #skip(bytes: Buffer, at: number): number {
    const step = Math.min(this.#left, bytes.length - at)
    this.#left -= step
    if (this.#left > 0) return at + step
    if (this.#sizeLine === '0') this.#answered?.resolve(this.#received)
    this.#sizeLine = ''
    return at + step
  }

  #readSize(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\n', at)
    this.#sizeLine += bytes.toString('latin1', at, end === -1 ? bytes.length : end)
    if (end === -1) return bytes.length
    this.#sizeLine = this.#sizeLine.trim()
    const size = Number.parseInt(this.#sizeLine, 16)
    this.#received += size
    this.#left = size + '\r\n'.length
    return end + 1
  }
}
