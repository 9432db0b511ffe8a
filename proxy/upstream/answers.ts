import { Answer, type AnswerReader } from './answer.ts'
import { Crowds } from './crowds.ts'
import type { AnswerHead, Asking, ElectricClient } from './electric-client.ts'
import { askPatiently } from './patience.ts'
import type { ShapeRequest } from './shape-request.ts'

export interface AnswersOptions {
  /** How long an answer is kept for those who ask for the same a little later. */
  keepMs?: number
  /** All bytes of answers that this process holds. */
  maxHeldBytes?: number
  /** What is kept of an answer in a scope that has a single reader. */
  loneBytes?: number
}

/** What is counted, for the metrics. */
export interface AnswerCounts {
  /** Requests of readers, and those that went to Electric for them. */
  joined: number
  asked: number
  receivedBytes: number
  failed: number
}

const KEEP_MS = 5000
const LONE_BYTES = 256 * 1024
const MAX_HELD_BYTES = 64 * 1024 * 1024
/** What is under way between Electric and a single reader, and no more than any pipe holds. */
const PIPED_BYTES = 1024 * 1024

interface Kept {
  request: ShapeRequest
  answer: Answer
}

/**
 * Equal requests are one: whoever asks for what is being asked already, or was answered a moment ago, is given that
 * answer. Nothing here knows who may read what: a reader comes after she was authorised.
 */
export class Answers {
  readonly counts: AnswerCounts = { joined: 0, asked: 0, receivedBytes: 0, failed: 0 }
  readonly #client: ElectricClient
  readonly #keepMs: number
  readonly #maxHeldBytes: number
  readonly #loneBytes: number
  readonly #crowds = new Crowds()
  /** By key, oldest first: those that are under way or kept, the last of each key. */
  readonly #open = new Map<string, Kept>()
  readonly #holding = new Set<Answer>()
  readonly #waits = new Set<Answer>()
  #heldBytes = 0

  constructor(client: ElectricClient, options: AnswersOptions = {}) {
    this.#client = client
    this.#keepMs = options.keepMs ?? KEEP_MS
    this.#maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES
    this.#loneBytes = options.loneBytes ?? LONE_BYTES
  }

  /** Live requests that wait at Electric. */
  get waits(): number {
    return this.#waits.size
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** The reader is told of what comes from now on; what is there already it takes by itself. */
  join(request: ShapeRequest, reader: AnswerReader): Answer {
    this.counts.joined++
    const known = this.#joinable(request)
    if (known) this.#crowds.saw(request.scopeKey)
    const answer = known ?? this.#ask(request)
    answer.join(reader)
    return answer
  }

  #joinable(request: ShapeRequest): Answer | undefined {
    const answer = this.#open.get(request.key)?.answer
    // Under way and not kept: it was a single reader's, until now.
    if (answer && !answer.isOpen) this.#crowds.saw(request.scopeKey)
    if (!answer?.isOpen) return undefined
    const handle = answer.beginning?.headers['electric-handle']
    return handle !== undefined && handle === request.position.expired_handle ? undefined : answer
  }

  #ask(request: ShapeRequest): Answer {
    this.counts.asked++
    let asking: Asking | undefined
    const answer: Answer = new Answer({
      resume: () => asking?.resume(),
      abandon: () => {
        asking?.stop()
        this.#forget(request.key, answer)
      },
      begun: (head) => this.#begun(request, head),
      hold: (bytes) => this.#hold(request, answer, bytes),
      over: () => this.#over(request, answer),
    })
    asking = request.isLive ? askPatiently(this.#client, request, answer) : this.#client.ask(request, answer)
    // Only now: what could not be asked must not be waited for. The one before it nobody can find any more.
    this.#open.get(request.key)?.answer.close()
    this.#open.set(request.key, { request, answer })
    if (request.isLive) this.#waits.add(answer)
    return answer
  }

  /** A handle that is gone: what was kept of it would send readers in circles. */
  #begun({ scopeKey, position: { handle } }: ShapeRequest, { status }: AnswerHead): void {
    if (status !== 409 || !handle) return
    for (const [key, { request, answer }] of this.#open) {
      const isOfIt =
        answer.beginning?.status === 200 && answer.beginning.headers['electric-handle'] === handle
      if (isOfIt && request.scopeKey === scopeKey) this.#forget(key, answer)
    }
  }

  #over(request: ShapeRequest, answer: Answer): void {
    this.#waits.delete(answer)
    if (answer.error) this.counts.failed++
    const forget = () => this.#forget(request.key, answer)
    if (answer.isOpen && isWorthKeeping(request, answer)) setTimeout(forget, this.#keepMs).unref()
    else forget()
  }

  #forget(key: string, answer: Answer): void {
    this.#waits.delete(answer)
    if (this.#open.get(key)?.answer === answer) this.#open.delete(key)
    answer.close()
  }

  #hold({ scopeKey }: ShapeRequest, answer: Answer, bytes: number): void {
    if (bytes > 0) this.counts.receivedBytes += bytes
    this.#heldBytes += bytes
    if (answer.heldBytes > 0) this.#holding.add(answer)
    else this.#holding.delete(answer)
    if (bytes > 0 && this.#heldBytes > this.#maxHeldBytes) this.#makeRoom()
    // Memory that is used again at once is the fastest there is: what passes to one reader is not kept.
    const isLarge = bytes > 0 && answer.isOpen && answer.heldBytes > this.#loneBytes
    if (isLarge && !this.#crowds.isOne(scopeKey)) answer.close()
  }

  /** First goes what nobody reads, then what nobody waits for any more, then whoever is too slow. */
  #makeRoom(): void {
    const inOrder = [...this.#open.values()]
    for (const isNext of [(answer: Answer) => answer.readers === 0, () => true]) {
      for (const { answer } of inOrder) {
        if (this.#heldBytes <= this.#maxHeldBytes) return
        if (isNext(answer)) answer.close()
      }
    }
    for (const answer of this.#holding) {
      while (this.#heldBytes > this.#maxHeldBytes && answer.heldBytes > PIPED_BYTES) {
        if (!answer.cutOffSlowest()) break
      }
    }
  }
}

/** Whether it stays true for those who ask a moment later: it says what stood in a part of the log that is complete. */
function isWorthKeeping(
  { position: { offset }, isLive }: ShapeRequest,
  { beginning, error }: Answer,
): boolean {
  if (!beginning || error) return false
  if (beginning.status === 409) return true
  const { 'electric-offset': end, 'electric-up-to-date': upToDate } = beginning.headers
  if (end === undefined || end === offset) return false // nothing has happened: asked again, it must wait again
  return isLive || offset === '-1' || upToDate === undefined
}
