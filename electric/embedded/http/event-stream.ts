import type { Offset } from '../shape/offsets.ts'
import type { Shape } from '../shape/shape.ts'
import type { LogRead } from '../shape/shape-log.ts'
import type { Exchange, Holder } from './exchange.ts'
import type { Listener } from './shape-audience.ts'
import { hasMessages } from './shape-parts.ts'
import { STALLED_AFTER_MS } from './stream-body.ts'

const KEEP_ALIVE = Buffer.from(': keep-alive\n\n')

interface Owner {
  framesOf(shape: Shape, read: LogRead): Iterable<Buffer>
  /** Called with each output, and where one was due and the client takes none. */
  onOutput(stream: EventStream): void
  onFailure(stream: EventStream, error: unknown): void
  onEnd(stream: EventStream): void
}

/**
 * One client's open stream of changes. It takes more from the log only when the client has taken what it was
 * sent: a slow one holds its place in the log and no buffers.
 */
export class EventStream implements Holder, Listener {
  readonly exchange: Exchange
  readonly shape: Shape
  readonly #owner: Owner
  #offset: Offset
  /** Opened behind the log's end, it ends when it gets there. */
  readonly #isCatchingUp: boolean
  /** What is still to be written of a long part. */
  #rest: Iterator<Buffer> | null = null
  #isBlocked = false
  #isOver = false

  constructor(exchange: Exchange, shape: Shape, offset: Offset, isCatchingUp: boolean, owner: Owner) {
    this.exchange = exchange
    this.shape = shape
    this.#offset = offset
    this.#isCatchingUp = isCatchingUp
    this.#owner = owner
  }

  onNews(): void {
    try {
      this.#send()
    } catch (error) {
      this.#owner.onFailure(this, error)
    }
  }

  /** Sends what there is, if the client takes more. */
  #send(): void {
    // No event tells of a shape's end: the client asks again, and is told then.
    if (this.shape.ending) this.end()
    while (!this.#isBlocked && !this.#isOver && !this.exchange.isGone) {
      const next = this.#next()
      if (next) this.#write(next)
      else if (this.#isCatchingUp) this.end()
      else return
    }
  }

  keepAlive(): void {
    if (this.#isBlocked) this.#owner.onOutput(this)
    else this.#write(KEEP_ALIVE)
  }

  /** The client goes on from what it has been sent. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.exchange.holder = null
    this.#owner.onEnd(this)
    this.exchange.socket?.setTimeout(STALLED_AFTER_MS)
    this.exchange.end()
  }

  /** The caller went away. */
  release(): void {
    this.#isOver = true
    this.#owner.onEnd(this)
  }

  #next(): Buffer | null {
    const rest = this.#rest?.next()
    if (rest && !rest.done) return rest.value
    this.#rest = null
    const read = this.shape.log.read(this.#offset)
    if (!hasMessages(read)) return null
    this.#offset = read.end
    this.#rest = this.#owner.framesOf(this.shape, read)[Symbol.iterator]()
    return this.#next()
  }

  #write(frames: Buffer): void {
    const isTaken = this.exchange.write(frames)
    this.#owner.onOutput(this)
    if (isTaken) return
    this.#isBlocked = true
    this.exchange.once('drain', () => {
      this.#isBlocked = false
      this.onNews()
    })
  }
}
