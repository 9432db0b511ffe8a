import type { NodeResponse } from '../call.ts'
import type { ProxyCounts } from '../metrics.ts'
import { encodeHead, HEARTBEAT } from './frames.ts'

export interface WireTiming {
  heartbeatMs: number
  /** A reader that takes nothing for so long is cut off. */
  stalledMs: number
  /** How long a stream that ends with its first answers waits for one. */
  onceMs: number
}

export const WIRE_TIMING: WireTiming = { heartbeatMs: 10_000, stalledMs: 90_000, onceMs: 20_000 }

/** What the wire carries: one shape's answers, one after another. */
export interface WireEntry {
  readonly id: string
  /** There is room again. */
  advance(): void
  /** It is given up: nothing of it may be sent any more. */
  stop(): void
}

/** In one step of the event loop several shapes of a page are answered: they share the end of a stream that is over. */
const LAST_ANSWERS_MS = 5

/** One streaming response and what is written to it. Who is behind is sent nothing until there is room. */
export class Wire {
  readonly #response: NodeResponse
  readonly #timing: WireTiming
  readonly #counts: Pick<ProxyCounts, 'sentBytes'>
  readonly #entries = new Map<string, WireEntry>()
  readonly #waiting = new Set<WireEntry>()
  readonly #heart: NodeJS.Timeout | undefined
  readonly #once: NodeJS.Timeout | undefined
  readonly endsWithAnswer: boolean
  #blockedAt: number | undefined
  #gone: (() => void) | undefined
  #isOver = false

  constructor(
    response: NodeResponse,
    { timing, counts }: { timing: WireTiming; counts: Pick<ProxyCounts, 'sentBytes'> },
    endsWithAnswer: boolean,
  ) {
    this.#response = response
    this.#timing = timing
    this.#counts = counts
    this.endsWithAnswer = endsWithAnswer
    response.once('close', () => this.#over())
    response.on('drain', () => this.#drained())
    if (endsWithAnswer) this.#once = setTimeout(() => this.#end(), timing.onceMs).unref()
    else this.#heart = setInterval(() => this.#beat(), timing.heartbeatMs).unref()
  }

  get size(): number {
    return this.#entries.size
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get isBlocked(): boolean {
    return this.#blockedAt !== undefined
  }

  whenGone(gone: () => void): void {
    this.#gone = gone
  }

  /** At once, so that the browser knows that nothing on the way holds the stream back. */
  greet(): void {
    if (this.endsWithAnswer) this.#response.flushHeaders()
    else this.#write(HEARTBEAT)
  }

  /** They begin when all are in place: one that is refused at once must not end the stream for the others. */
  add(entries: readonly WireEntry[]): void {
    for (const entry of entries) {
      this.#entries.get(entry.id)?.stop()
      this.#entries.set(entry.id, entry)
    }
    for (const entry of entries) entry.advance()
    if (this.#entries.size === 0) this.#end()
  }

  drop(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#entries.get(id)
      if (entry) this.remove(entry)
    }
  }

  remove(entry: WireEntry): void {
    entry.stop()
    this.#waiting.delete(entry)
    if (this.#entries.get(entry.id) === entry) this.#entries.delete(entry.id)
    if (this.#entries.size === 0) this.#end()
  }

  /** Calls `advance` when there is room again. */
  waitForRoom(entry: WireEntry): void {
    this.#waiting.add(entry)
  }

  /** @param head null where the frame goes on with an answer. */
  send(id: string, head: Parameters<typeof encodeHead>[1], body: Buffer | null, more: boolean): void {
    this.#response.cork()
    this.#write(encodeHead(id, head, body?.length ?? 0, more))
    if (body) {
      this.#write(body)
      this.#counts.sentBytes += body.length
    }
    this.#response.uncork()
  }

  /** An answer is whole. */
  answered(): void {
    if (this.endsWithAnswer) setTimeout(() => this.#end(), LAST_ANSWERS_MS)
  }

  breakOff(): void {
    this.#response.destroy()
    this.#over()
  }

  #write(bytes: Buffer): void {
    if (!this.#isOver && !this.#response.write(bytes)) this.#blockedAt ??= performance.now()
  }

  #drained(): void {
    this.#blockedAt = undefined
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const entry of waiting) entry.advance()
  }

  #beat(): void {
    if (this.#blockedAt === undefined) this.#write(HEARTBEAT)
    else if (performance.now() - this.#blockedAt >= this.#timing.stalledMs) this.breakOff()
  }

  #end(): void {
    if (this.#isOver) return
    this.#over()
    this.#response.end()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearInterval(this.#heart)
    clearTimeout(this.#once)
    for (const entry of this.#entries.values()) entry.stop()
    this.#entries.clear()
    this.#waiting.clear()
    this.#gone?.()
  }
}
