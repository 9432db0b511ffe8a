import type { Call } from './call.ts'
import type { ProxyCounts } from './metrics.ts'
import type { Answer, AnswerReader } from './upstream/answer.ts'
import type { Answers } from './upstream/answers.ts'
import type { ShapeRequest } from './upstream/shape-request.ts'

/** Carries one answer of Electric to one response, as fast as its reader takes it. */
export class ShapeAnswer implements AnswerReader {
  readonly #call: Call
  readonly #assertGood: () => void
  readonly #counts: ProxyCounts
  readonly #startedAt = performance.now()
  #release: (() => void) | undefined
  #answer: Answer | undefined
  #isLive = false
  #isOver = false
  #isBlocked = false

  /** @param assertGood throws the AppError for which nothing may be sent any more. */
  constructor(call: Call, counts: ProxyCounts, assertGood: () => void) {
    this.#call = call
    this.#counts = counts
    this.#assertGood = assertGood
    counts.requests++
    call.response.once('close', () => this.#finish())
  }

  whenOver(release: () => void): void {
    this.#release = release
  }

  read(answers: Answers, request: ShapeRequest): void {
    this.#isLive = request.isLive
    this.#answer = answers.join(request, this)
    this.advance()
  }

  refuse(error: unknown): void {
    if (this.#isOver) return
    this.#finish()
    this.#call.fail(error)
  }

  cutOff(): void {
    this.#finish()
    this.#call.response.destroy()
  }

  advance(): void {
    const answer = this.#answer
    if (this.#isOver || this.#isBlocked || !answer) return
    if (answer.error) this.refuse(answer.error)
    else if (answer.beginning) this.#write(answer)
  }

  #write(answer: Answer): void {
    const { response, request } = this.#call
    if (!response.headersSent && !this.#begin(answer)) return
    let chunk = request.method === 'HEAD' ? null : answer.take(this)
    while (chunk && !answer.isDone(this) && !this.#isBlocked) {
      this.#counts.sentBytes += chunk.length
      if (!response.write(chunk)) this.#block()
      chunk = this.#isBlocked ? null : answer.take(this)
    }
    if (answer.isDone(this) || request.method === 'HEAD') this.#end(chunk)
  }

  #begin({ beginning }: Answer): boolean {
    if (!beginning) return false
    const { status, headers, bytes } = beginning
    try {
      this.#assertGood() // it was when the request came, which may have waited since
    } catch (error) {
      this.refuse(error)
      return false
    }
    this.#call.writeHead(status, bytes === undefined ? headers : { ...headers, 'content-length': bytes })
    return true
  }

  #block(): void {
    this.#isBlocked = true
    this.#call.response.once('drain', () => {
      this.#isBlocked = false
      this.advance()
    })
  }

  #end(last: Buffer | null): void {
    this.#finish()
    this.#counts.sentBytes += last?.length ?? 0
    if (!this.#isLive) this.#counts.answered((performance.now() - this.#startedAt) / 1000)
    this.#call.response.end(last ?? undefined)
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#counts.requests--
    this.#release?.()
    this.#answer?.leave(this)
  }
}
