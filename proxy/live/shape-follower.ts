import type { Shape } from '#electric/shapes/index.ts'
import { type AppError, errorBody, STATUS } from '#server/errors.ts'
import { notValid } from '../shape-tokens.ts'
import type { Answer, AnswerReader } from '../upstream/answer.ts'
import type { AnswerHead } from '../upstream/electric-client.ts'
import { retryPauseMs } from '../upstream/retry-pause.ts'
import { unavailable } from '../upstream/unavailable.ts'
import type { Lease } from './lease.ts'
import type { LivePosition, LiveSource } from './live-source.ts'
import type { Wire, WireEntry } from './wire.ts'

export interface FollowerOptions {
  id: string
  shape: Shape
  scopeId: string
  wire: Wire
  lease: Lease
  source: LiveSource
}

// An answer that moves nothing at all would otherwise be asked for again without a pause.
const STANDING_MS = 1000

/**
 * Follows one shape until its right to be read ends, Electric rotates or refuses it, or it is dropped: one answer after
 * another, with no round trip to the browser between them.
 */
export class ShapeFollower implements AnswerReader, WireEntry {
  readonly #options: FollowerOptions
  #position: LivePosition
  #answer: Answer | undefined
  /** A part of the answer is sent. */
  #isMidway = false
  #isOver = false
  #pause: NodeJS.Timeout | undefined
  #retries = 0

  constructor(options: FollowerOptions, position: LivePosition) {
    this.#options = options
    this.#position = position
    options.lease.hold()
  }

  get id(): string {
    return this.#options.id
  }

  get isMidway(): boolean {
    return this.#isMidway
  }

  get lease(): Lease {
    return this.#options.lease
  }

  advance(): void {
    const { wire } = this.#options
    while (!this.#isOver && !this.#pause) {
      if (wire.isBlocked) break
      if (!this.#sendSome()) return
    }
    if (!this.#isOver && wire.isBlocked) this.#waitForRoom()
  }

  /** Too slow for what was held for it: it asks again once there is room. */
  cutOff(): void {
    this.#answer = undefined
    this.#isMidway = false
  }

  rightEnded(): void {
    this.refuse(notValid())
  }

  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#pause)
    this.#options.lease.release()
    this.#leave()
  }

  /** The entry's last frame says why. */
  refuse(error: AppError): void {
    if (this.#isOver) return
    const { id, shape, wire, source } = this.#options
    source.refused(shape.table, error)
    sendRefusal(wire, id, error)
    wire.remove(this)
  }

  /** Without room nothing is kept for later: what comes meanwhile is one answer afterwards. */
  #waitForRoom(): void {
    if (!this.#isMidway) this.#leave()
    this.#options.wire.waitForRoom(this)
  }

  /** @returns whether to go on at once. */
  #sendSome(): boolean {
    const answer = this.#answer ?? this.#ask()
    if (answer.error) return this.#lost(answer.error)
    const { beginning } = answer
    if (!beginning || !(this.#isMidway || this.#mayBegin(beginning))) return false
    const body = answer.take(this)
    const isDone = answer.isDone(this)
    if (!body && !isDone) return false
    this.#options.wire.send(this.id, this.#isMidway ? null : beginning, body, !isDone)
    this.#isMidway = !isDone
    return isDone ? this.#answered(beginning) : true
  }

  #ask(): Answer {
    const { source, shape, scopeId } = this.#options
    this.#answer = source.join(shape, scopeId, this.#position, this)
    return this.#answer
  }

  #mayBegin(beginning: AnswerHead): boolean {
    const { lease, source } = this.#options
    try {
      source.assertGood(lease) // it was when it was asked, some time ago
      // Sent on, such an answer would stop the client for good.
      if (beginning.status === 200 && !positionAfter(beginning)) throw unavailable('no position')
      return true
    } catch (error) {
      this.refuse(source.known(error))
      return false
    }
  }

  #answered(beginning: AnswerHead): boolean {
    const { wire } = this.#options
    const before = this.#position
    const after = beginning.status === 200 ? positionAfter(beginning) : null
    this.#leave()
    this.#retries = 0
    wire.answered()
    if (!after) wire.remove(this)
    if (!after || wire.endsWithAnswer) return false
    this.#position = after
    if (after.offset !== before.offset || after.cursor !== before.cursor) return true
    this.#pauseFor(STANDING_MS)
    return false
  }

  /** Away before it answered, Electric has been asked again already; in the middle of an answer, it has not. */
  #lost(error: AppError): boolean {
    const hadBegun = this.#answer?.beginning
    const pauseMs = retryPauseMs(this.#retries++)
    this.#leave()
    if (!hadBegun || pauseMs === undefined) this.refuse(error)
    else this.#pauseFor(pauseMs)
    return false
  }

  #pauseFor(ms: number): void {
    this.#pause = setTimeout(() => {
      this.#pause = undefined
      this.advance()
    }, ms)
  }

  #leave(): void {
    this.#answer?.leave(this)
    this.#answer = undefined
    this.#isMidway = false
  }
}

/** Ends an entry that is, or is not yet, on the wire. */
export function sendRefusal(wire: Wire, id: string, error: AppError): void {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (error.retryAfter) headers['retry-after'] = error.retryAfter
  wire.send(id, { status: STATUS[error.code], headers }, Buffer.from(JSON.stringify(errorBody(error))), false)
  wire.answered()
}

/** Null when Electric did not say. */
function positionAfter({ headers }: AnswerHead): LivePosition | null {
  const { 'electric-handle': handle, 'electric-offset': offset, 'electric-cursor': cursor } = headers
  return handle && offset && cursor ? { handle, offset, cursor } : null
}
