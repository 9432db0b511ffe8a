import type { Call } from './call.ts'
import type { ProxyState } from './process-state.ts'
import { assertGood, type RightHolder, unwatchRight, watchRight } from './read-right.ts'
import { notValid, type ShapeClaims } from './shape-tokens.ts'
import type { Answer, AnswerReader } from './upstream/answer.ts'
import type { ShapeRequest } from './upstream/shape-request.ts'

/** Carries one answer of Electric to one response, as fast as its reader takes it. */
export class ShapeAnswer implements AnswerReader, RightHolder {
  readonly claims: ShapeClaims
  readonly #call: Call
  readonly #state: ProxyState
  readonly #startedAt = performance.now()
  #answer: Answer | undefined
  #isLive = false
  #isOver = false
  #isBlocked = false

  constructor(call: Call, state: ProxyState, claims: ShapeClaims) {
    this.#call = call
    this.#state = state
    this.claims = claims
  }

  read(request: ShapeRequest): void {
    const { answers, counts } = this.#state
    counts.requests++
    watchRight(this.#state, this)
    this.#call.response.on('close', () => this.#finish())
    this.#isLive = request.isLive
    if (request.isLive) this.#call.forgetHeaders()
    this.#answer = answers.join(request, this)
    this.advance()
  }

  rightEnded(): void {
    this.#refuse(notValid())
  }

  cutOff(): void {
    this.#finish()
    this.#call.breakOff()
  }

  advance(): void {
    const answer = this.#answer
    if (this.#isOver || this.#isBlocked || !answer) return
    if (answer.error) this.#refuse(answer.error)
    else if (answer.beginning) this.#write(answer)
  }

  #write(answer: Answer): void {
    const { response, request } = this.#call
    if (!response.headersSent && !this.#begin(answer)) return
    let chunk = request.method === 'HEAD' ? null : answer.take(this)
    while (chunk && !answer.isDone(this) && !this.#isBlocked) {
      this.#state.counts.sentBytes += chunk.length
      if (!response.write(chunk)) this.#block()
      chunk = this.#isBlocked ? null : answer.take(this)
    }
    if (answer.isDone(this) || request.method === 'HEAD') this.#end(chunk)
  }

  #begin({ beginning }: Answer): boolean {
    if (!beginning) return false
    const { status, headers, bytes } = beginning
    try {
      assertGood(this.#state.trust, this.claims) // it was when the request came, which may have waited since
    } catch (error) {
      this.#refuse(error)
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

  #refuse(error: unknown): void {
    if (this.#isOver) return
    this.#finish()
    this.#call.fail(error)
  }

  #end(last: Buffer | null): void {
    this.#finish()
    this.#state.counts.sentBytes += last?.length ?? 0
    if (!this.#isLive) this.#state.counts.answered((performance.now() - this.#startedAt) / 1000)
    this.#call.response.end(last ?? undefined)
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#state.counts.requests--
    unwatchRight(this.#state, this)
    this.#answer?.leave(this)
  }
}
