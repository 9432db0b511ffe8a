import { describeError } from '../catalog/database-errors.ts'
import type { Log } from '../log.ts'
import { type Answer, errorAnswer } from './answer.ts'
import type { BodyStream } from './body.ts'
import { gzipped, isWorthPacking } from './compression.ts'
import { corsHeaders } from './cors.ts'
import type { Exchange } from './exchange.ts'
import { ProtocolError } from './protocol-error.ts'
import { STALLED_AFTER_MS, streamBody } from './stream-body.ts'

const SERVER = ['electric-server', 'ElectricSQL/1.7.12']

const INTERNAL = new ProtocolError(500, { error: 'Internal server error' })

interface Head {
  readonly origin: string
  readonly body: Buffer | null
  readonly lines: string[]
}

/** Sends what an endpoint answers. A caller that went away is no error. */
export class Replies {
  readonly #methods: string | null
  readonly #log: Log
  // Who asks the same is sent the same, mostly to one origin and all packed or none.
  readonly #heads = new WeakMap<Answer, Head>()

  /** @param methods null for answers that no script of another origin may read. */
  constructor(methods: string | null, log: Log) {
    this.#methods = methods
    this.#log = log
  }

  send(exchange: Exchange, answer: Answer): void {
    const { body } = answer
    if (exchange.destroyed || exchange.headersSent) return
    const isPackable = exchange.acceptsGzip && 'vary' in answer.headers
    if (body !== null && !Buffer.isBuffer(body)) this.#stream(exchange, answer, body)
    else if (isPackable && body && isWorthPacking(body)) this.#sendPacked(exchange, answer, body)
    else this.#sendBuffer(exchange, answer, body)
  }

  /** A ProtocolError is an answer; of any other error the caller hears only that there was one. */
  fail(exchange: Exchange, error: unknown): void {
    if (exchange.destroyed || exchange.writableEnded) return
    const isAnswer = error instanceof ProtocolError
    if (!isAnswer) this.#log('error', `A request failed: ${describeError(error)}`)
    // A cut connection tells the caller that what it has is not all.
    if (exchange.headersSent) exchange.destroy()
    else this.send(exchange, errorAnswer(isAnswer ? error : INTERNAL))
  }

  /** Names and values in turn, as Node takes them without a copy. */
  head(origin: string, { headers }: Pick<Answer, 'headers'>): string[] {
    const cors = this.#methods === null ? [] : corsHeaders(origin, this.#methods)
    return [...SERVER, ...cors, ...Object.entries(headers).flat()]
  }

  #sendPacked(exchange: Exchange, answer: Answer, body: Buffer): void {
    const packed = gzipped(body)
    if (Buffer.isBuffer(packed)) this.#sendBuffer(exchange, answer, packed)
    else {
      packed.then(
        (buffer) => this.#sendBuffer(exchange, answer, buffer),
        () => this.#sendBuffer(exchange, answer, body),
      )
    }
  }

  #sendBuffer(exchange: Exchange, answer: Answer, body: Buffer | null): void {
    if (exchange.destroyed) return
    exchange.writeHead(answer.status, this.#bufferHead(exchange.origin, answer, body))
    if (body === null || body.length === 0 || exchange.req.method === 'HEAD') exchange.end()
    else exchange.end(body)
    if (exchange.writableLength > 0) exchange.socket?.setTimeout(STALLED_AFTER_MS)
  }

  #bufferHead(origin: string, answer: Answer, body: Buffer | null): string[] {
    const known = this.#heads.get(answer)
    if (known && known.origin === origin && known.body === body) return known.lines
    const lines = this.head(origin, answer)
    if (body !== answer.body) lines.push('content-encoding', 'gzip')
    if (answer.status !== 304 && answer.status !== 204) {
      lines.push('content-length', String(body?.length ?? 0))
    }
    this.#heads.set(answer, { origin, body, lines })
    return lines
  }

  #stream(exchange: Exchange, answer: Answer, body: BodyStream): void {
    const head = this.head(exchange.origin, answer)
    if (exchange.req.method === 'HEAD') {
      exchange.writeHead(answer.status, head).end()
      return
    }
    streamBody(exchange, answer.status, head, body).catch((error: unknown) => this.fail(exchange, error))
  }
}
