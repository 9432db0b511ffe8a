import { DeadlineQueue } from './deadline-queue.ts'
import type { Exchange } from './exchange.ts'
import { Question, type Reading, type Wait } from './question.ts'
import type { ShapeRequest } from './request-params.ts'
import type { Audiences } from './shape-audience.ts'

interface Handlers {
  /** There may be an answer now. */
  readonly onNews: (question: Question) => void
  readonly onTimeout: (question: Question, exchange: Exchange) => void
}

/** Holds requests back until their shapes have news, or for too long. */
export class WaitingRoom {
  readonly #audiences: Audiences
  readonly #handlers: Handlers
  // A request is parsed once for all who ask in the same words: theirs is one object then.
  readonly #questions = new Map<ShapeRequest, Question>()
  readonly #deadlines: Readonly<Record<Wait, DeadlineQueue<Exchange> | null>>

  constructor(audiences: Audiences, longPollTimeoutMs: number, handlers: Handlers) {
    this.#audiences = audiences
    this.#handlers = handlers
    const timeOut = (exchange: Exchange) => this.#timeOut(exchange)
    this.#deadlines = {
      snapshot: null, // under way: its own limits end it
      log: new DeadlineQueue(longPollTimeoutMs, timeOut),
      'out-of-bounds': new DeadlineQueue(longPollTimeoutMs / 2, timeOut),
    }
  }

  wait(exchange: Exchange, reading: Reading, wait: Wait): void {
    const question = this.#question(reading, wait)
    question.waiting.add(exchange)
    exchange.holder = question
    this.#deadlines[wait]?.add(exchange)
  }

  /** @returns those who waited for the answer; they wait no longer. */
  take(question: Question): readonly Exchange[] {
    const exchanges = [...question.waiting]
    question.waiting.clear()
    this.#close(question)
    for (const exchange of exchanges) {
      exchange.holder = null
      this.#deadlines[question.wait]?.delete(exchange)
    }
    return exchanges
  }

  /** Called as a caller goes away. */
  release(question: Question, exchange: Exchange): void {
    question.waiting.delete(exchange)
    this.#deadlines[question.wait]?.delete(exchange)
    if (question.waiting.size === 0) this.#close(question)
  }

  onNews(question: Question): void {
    this.#handlers.onNews(question)
  }

  #question(reading: Reading, wait: Wait): Question {
    const known = this.#questions.get(reading.request)
    if (known?.isOf(reading, wait)) return known
    const question = new Question(reading, wait, this)
    this.#questions.set(reading.request, question)
    this.#audiences.join(question.shape, question)
    return question
  }

  #close(question: Question): void {
    this.#audiences.leave(question.shape, question)
    if (this.#questions.get(question.request) === question) this.#questions.delete(question.request)
  }

  #timeOut(exchange: Exchange): void {
    const question = exchange.holder
    if (!(question instanceof Question)) return
    exchange.holder = null
    this.release(question, exchange)
    this.#handlers.onTimeout(question, exchange)
  }
}
