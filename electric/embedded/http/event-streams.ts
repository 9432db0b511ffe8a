import type { ElectricSettings } from '../options.ts'
import type { Offset } from '../shape/offsets.ts'
import type { Shape } from '../shape/shape.ts'
import type { LogRead } from '../shape/shape-log.ts'
import { DeadlineQueue } from './deadline-queue.ts'
import { EventFrames, framesOfBody } from './event-frames.ts'
import { EventStream } from './event-stream.ts'
import type { Exchange } from './exchange.ts'
import type { HeaderMap } from './protocol-error.ts'
import type { Reading } from './question.ts'
import type { Replies } from './replies.ts'
import type { Audiences } from './shape-audience.ts'
import { etagOf, readHeaders } from './shape-headers.ts'
import { hasMessages, type Part } from './shape-parts.ts'

const HEADERS: HeaderMap = {
  'content-type': 'text/event-stream',
  connection: 'keep-alive',
  'x-accel-buffering': 'no', // a proxy that gathers output before it passes it on would pass on nothing
}

/** The open streams of server-sent events. */
export class EventStreams {
  readonly #audiences: Audiences
  readonly #replies: Replies
  readonly #settings: ElectricSettings
  readonly #frames = new EventFrames()
  readonly #silent: DeadlineQueue<EventStream>
  readonly #open: DeadlineQueue<EventStream>

  constructor(audiences: Audiences, replies: Replies, settings: ElectricSettings) {
    this.#audiences = audiences
    this.#replies = replies
    this.#settings = settings
    this.#silent = new DeadlineQueue(settings.sseKeepAliveMs, (stream) => stream.keepAlive())
    this.#open = new DeadlineQueue(settings.sseTimeoutMs, (stream) => stream.end())
  }

  /**
   * At the log's end it stays open; behind it, it sends what there is and ends.
   *
   * The real service sends one chunk, names its end in the head, and ends without an up-to-date where the log
   * goes on. The official client takes the position from the head, but drops what no up-to-date follows: it
   * loses that chunk. So the head names where the client is, and the events go on to the end of the log.
   */
  open(exchange: Exchange, reading: Reading): void {
    const { shape, request } = reading
    const offset = request.offset as Offset // a live request names one
    const isBehind = hasMessages(shape.log.read(offset))
    const end = isBehind ? offset : shape.log.end
    this.#writeHead(exchange, reading, { end, isUpToDate: true, isNoChange: false })
    if (exchange.req.method === 'HEAD') return void exchange.end()
    const stream = new EventStream(exchange, shape, offset, isBehind, this)
    this.#add(stream)
    if (isBehind) stream.onNews()
    else exchange.flushHeaders()
  }

  /** Sends a chunk of a snapshot and ends. */
  async sendSnapshot(exchange: Exchange, reading: Reading, part: Part): Promise<void> {
    const frames = await framesOfBody(part.body())
    if (exchange.destroyed) return
    this.#writeHead(exchange, reading, part)
    exchange.end(frames)
  }

  framesOf(shape: Shape, read: LogRead): Iterable<Buffer> {
    return this.#frames.ofLog(shape, read)
  }

  onOutput(stream: EventStream): void {
    this.#silent.add(stream)
  }

  onFailure({ exchange }: EventStream, error: unknown): void {
    this.#replies.fail(exchange, error)
  }

  onEnd(stream: EventStream): void {
    this.#audiences.leave(stream.shape, stream)
    this.#silent.delete(stream)
    this.#open.delete(stream)
  }

  #add(stream: EventStream): void {
    stream.exchange.holder = stream
    this.#audiences.join(stream.shape, stream)
    this.#silent.add(stream)
    this.#open.add(stream)
  }

  #writeHead(exchange: Exchange, reading: Reading, part: Omit<Part, 'body'>): void {
    const headers = readHeaders(reading, part, etagOf(reading, part), this.#settings)
    exchange.writeHead(200, this.#replies.head(exchange.origin, { headers: { ...headers, ...HEADERS } }))
  }
}
