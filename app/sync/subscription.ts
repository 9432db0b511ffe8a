import type { LiveFrame } from './live-frames.ts'
import type { TokenScope } from './shape-tokens.ts'

/** Where in a shape's log a reader stands. */
export interface Position {
  handle: string
  offset: string
  cursor?: string
}

/** A live request of the Electric client that waits for its answer. */
export interface LiveCall {
  resolve(response: Response): void
  reject(reason: unknown): void
  /** The same request as an ordinary one, for where streams do not get through. */
  askDirectly(): Promise<Response>
}

const MAX_BUFFERED_BYTES = 16 * 1024 * 1024

/**
 * One collection's place on the live stream. The client asks again and again from a position; the server, not waiting
 * for that, sends one answer after another. Here the two meet: an answer waits for its call, or a call for its answer.
 */
export class Subscription {
  /** Whose it is; a collection has one subscription after another. */
  readonly collection: object
  readonly shape: string
  readonly scope: TokenScope
  /** Where the server continues: after the last answer that arrived whole. */
  position: Position
  /** Where the next call must stand to be given the next answer. */
  #next: Position
  #answers: LiveFrame[] = []
  #bufferedBytes = 0
  call: LiveCall | null = null
  /** 401s since the last answer: one is mended with a new token, more are the caller's to know. */
  refusals = 0

  constructor(collection: object, shape: string, scope: TokenScope, position: Position) {
    this.collection = collection
    this.shape = shape
    this.scope = scope
    this.position = position
    this.#next = position
  }

  continuesAt({ handle, offset }: Position): boolean {
    return this.#next.handle === handle && this.#next.offset === offset
  }

  /** A call at the right position: answered now, or when the next answer is there. */
  wait(call: LiveCall): void {
    this.call = call
    this.#match()
  }

  /** @returns whether there was room: a client that never asks must not fill the memory. */
  receive(frame: LiveFrame): boolean {
    this.#answers.push(frame)
    this.#bufferedBytes += frame.body.byteLength
    if (frame.status === 200) {
      this.refusals = 0
      this.position = positionAfter(frame, this.position)
    }
    this.#match()
    return this.#bufferedBytes <= MAX_BUFFERED_BYTES
  }

  #match(): void {
    const { call } = this
    if (!call) return
    const frame = this.#answers.shift()
    if (!frame) return
    this.call = null
    this.#bufferedBytes -= frame.body.byteLength
    this.#next = positionAfter(frame, this.#next)
    call.resolve(
      new Response(frame.body.byteLength > 0 ? frame.body : null, {
        status: frame.status,
        headers: frame.headers,
      }),
    )
  }
}

function positionAfter({ headers }: LiveFrame, before: Position): Position {
  const cursor = headers.get('electric-cursor') ?? before.cursor
  return {
    handle: headers.get('electric-handle') ?? before.handle,
    offset: headers.get('electric-offset') ?? before.offset,
    ...(cursor !== undefined && { cursor }),
  }
}
