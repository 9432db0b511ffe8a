import type { Engine } from '../engine.ts'
import type { ElectricSettings } from '../options.ts'
import { isSnapshotChunk } from '../shape/offsets.ts'
import { type Answer, emptyAnswer, messagesAnswer } from './answer.ts'
import { EventStreams } from './event-streams.ts'
import type { Exchange } from './exchange.ts'
import { outOfBounds, ProtocolError } from './protocol-error.ts'
import type { Question, Reading, Wait } from './question.ts'
import type { Replies } from './replies.ts'
import { Audiences } from './shape-audience.ts'
import { etagOf, readHeaders } from './shape-headers.ts'
import { noChange, type Part, partOf } from './shape-parts.ts'
import { WaitingRoom } from './waiting-room.ts'

const DISCONNECTED = new ProtocolError(
  503,
  { message: 'The database is not connected at the moment, please retry' },
  { 'retry-after': '10' },
)

/**
 * Answers reads of a shape's log, at once or as soon as there is something to answer. Nothing is awaited on
 * the way: a commit has answered all who wait for it before the next one is read.
 */
export class ShapeAnswers {
  readonly #engine: Engine
  readonly #settings: ElectricSettings
  readonly #replies: Replies
  readonly #waiting: WaitingRoom
  readonly #streams: EventStreams

  constructor(engine: Engine, settings: ElectricSettings, replies: Replies) {
    const audiences = new Audiences()
    this.#engine = engine
    this.#settings = settings
    this.#replies = replies
    this.#streams = new EventStreams(audiences, replies, settings)
    this.#waiting = new WaitingRoom(audiences, settings.longPollTimeoutMs, {
      onNews: (question) => this.#lookAgain(question),
      onTimeout: (question, exchange) => this.#timeOut(question, exchange),
    })
  }

  /** @throws ProtocolError */
  answer(exchange: Exchange, reading: Reading): void {
    if (reading.shape.ending) throw reading.shape.ending
    const part = partOf(reading, this.#engine)
    if (typeof part === 'string' || reading.request.isSse) this.#give([exchange], reading, part)
    else this.#sendUnlessKnown(exchange, reading, part)
  }

  #sendUnlessKnown(exchange: Exchange, reading: Reading, part: Part): void {
    const etag = etagOf(reading, part)
    const known = exchange.req.headers['if-none-match']?.split(',')
    // A proxy that packs an answer on its way makes the tag a weak one.
    const isKnown = known?.some((tag) => tag.trim().replace(/^W\//, '') === etag)
    this.#replies.send(
      exchange,
      isKnown ? this.#notModified(reading, part, etag) : this.#full(reading, part, etag),
    )
  }

  #lookAgain(question: Question): void {
    let exchanges: readonly Exchange[] = []
    try {
      const part = question.shape.ending ?? partOf(question, this.#engine)
      if (part === question.wait) return
      exchanges = this.#waiting.take(question)
      if (part instanceof ProtocolError) throw part
      this.#give(exchanges, question, part)
    } catch (error) {
      for (const exchange of exchanges) this.#replies.fail(exchange, error)
    }
  }

  #give(exchanges: readonly Exchange[], reading: Reading, part: Part | Wait): void {
    if (part === 'snapshot' || part === 'out-of-bounds') this.#wait(exchanges, reading, part)
    else if (reading.request.isSse) this.#stream(exchanges, reading, part)
    else if (part === 'log') this.#wait(exchanges, reading, part)
    else this.#sendAll(exchanges, this.#full(reading, part, etagOf(reading, part)))
  }

  #sendAll(exchanges: readonly Exchange[], answer: Answer): void {
    for (const exchange of exchanges) this.#replies.send(exchange, answer)
  }

  #stream(exchanges: readonly Exchange[], reading: Reading, part: Part | 'log'): void {
    for (const exchange of exchanges) {
      if (part === 'log' || !isSnapshotChunk(part.end)) {
        this.#streams.open(exchange, reading)
        continue
      }
      // Every client reads a snapshot to its end before it reads live.
      this.#streams.sendSnapshot(exchange, reading, part).catch((error: unknown) => {
        this.#replies.fail(exchange, error)
      })
    }
  }

  #wait(exchanges: readonly Exchange[], reading: Reading, wait: Wait): void {
    for (const exchange of exchanges) {
      exchange.forgetHeaders()
      this.#waiting.wait(exchange, reading, wait)
    }
  }

  #timeOut(question: Question, exchange: Exchange): void {
    if (question.wait === 'out-of-bounds') this.#replies.fail(exchange, outOfBounds())
    else if (!this.#engine.isReady) this.#replies.fail(exchange, DISCONNECTED)
    else {
      const part = noChange(question.shape, this.#engine)
      this.#replies.send(exchange, this.#full(question, part, etagOf(question, part)))
    }
  }

  #full(reading: Reading, part: Part, etag: string): Answer {
    const headers = readHeaders(reading, part, etag, this.#settings)
    const { request, definition } = reading
    const schema = request.isLive ? {} : { 'electric-schema': definition.schema }
    return messagesAnswer(part.body(), { ...headers, ...schema })
  }

  #notModified(reading: Reading, part: Part, etag: string): Answer {
    return emptyAnswer(304, { ...readHeaders(reading, part, etag, this.#settings), vary: 'accept-encoding' })
  }
}
