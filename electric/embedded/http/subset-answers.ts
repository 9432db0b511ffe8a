import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import type { Engine } from '../engine.ts'
import { compareOffsets, type Offset } from '../shape/offsets.ts'
import type { Shape } from '../shape/shape.ts'
import { checkSubset } from '../subset/index.ts'
import { messagesAnswer } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { outOfBounds } from './protocol-error.ts'
import type { Reading } from './question.ts'
import type { Replies } from './replies.ts'
import type { ShapeRequest } from './request-params.ts'
import { subsetHeaders } from './shape-headers.ts'
import type { ShapeLookup } from './shape-lookup.ts'
import { castSubset, type RawSubset } from './subset-params.ts'

/** Answers reads of a part of a shape's rows, as they are in the database now. They are never held back. */
export class SubsetAnswers {
  readonly #engine: Engine
  readonly #lookup: ShapeLookup
  readonly #replies: Replies
  readonly #catchUpMs: number

  constructor(engine: Engine, lookup: ShapeLookup, replies: Replies, longPollTimeoutMs: number) {
    this.#engine = engine
    this.#lookup = lookup
    this.#replies = replies
    this.#catchUpMs = longPollTimeoutMs / 2
  }

  /** @throws ProtocolError */
  async answer(
    exchange: Exchange,
    request: ShapeRequest,
    definition: ShapeDefinition,
    raw: RawSubset,
  ): Promise<void> {
    const subset = await checkSubset(castSubset(raw), definition)
    const reading = this.#lookup.find(request, definition)
    const offset = await this.#goOnFrom(reading)
    const over = new AbortController()
    exchange.once('close', () => over.abort())
    if (exchange.destroyed) return
    const body = await this.#engine.subset(definition, subset, over.signal)
    if (body === null) return
    if (reading.shape.ending) throw reading.shape.ending
    this.#replies.send(exchange, messagesAnswer(body, subsetHeaders(reading, offset)))
  }

  /**
   * Where the client is to go on in the log. The real service names the log's end, and so skips what came between
   * the client's own position and there; from that position the client misses nothing.
   */
  async #goOnFrom({ shape, request }: Reading): Promise<Offset> {
    // Until then a commit can go into the snapshot of the shape instead of its log, after the subset was read.
    while (!hasJoined(shape)) await news(shape)
    const { offset } = request
    if (offset === 'before-all') return { tx: 0n, op: 0 }
    if (offset === 'now') return shape.log.end
    const deadline = performance.now() + this.#catchUpMs
    while (compareOffsets(offset, end(shape)) > 0) {
      const leftMs = deadline - performance.now()
      if (leftMs <= 0) throw outOfBounds()
      await news(shape, leftMs)
    }
    return offset
  }
}

// A chunk of the snapshot is closed only in a transaction whose view is known.
function hasJoined({ snapshot, ending }: Shape): boolean {
  if (ending) throw ending
  return snapshot.isComplete || snapshot.count > 0
}

function end(shape: Shape): Offset {
  if (shape.ending) throw shape.ending
  return shape.log.end
}

function news(shape: Shape, withinMs?: number): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer)
      unwatch()
      resolve()
    }
    const timer = withinMs === undefined ? undefined : setTimeout(settle, withinMs)
    const unwatch = shape.watch(settle)
  })
}
