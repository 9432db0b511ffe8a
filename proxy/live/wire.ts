import type { Call } from '../call.ts'
import type { ProxyCounts } from '../metrics.ts'
import type { ShapeClaims } from '../shape-tokens.ts'
import { encodeHead, HEARTBEAT } from './frames.ts'
import { Lease } from './lease.ts'

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
  readonly lease: Lease
  /** A part of an answer is sent. */
  readonly isMidway: boolean
  /** There is room again. */
  advance(): void
  /** Its right has ended. */
  rightEnded(): void
  /** It is given up: nothing of it may be sent any more. */
  stop(): void
}

type Watchers = ConstructorParameters<typeof Lease>[0]

/** More than anybody who reads is ever behind. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024
/** In one step of the event loop several shapes of a page are answered: they share the end of a stream that is over. */
const LAST_ANSWERS_MS = 5

/** One streaming response and what is written to it. Who is behind is sent nothing until there is room. */
export class Wire {
  readonly #call: Call
  readonly #timing: WireTiming
  readonly #counts: ProxyCounts
  readonly #entries = new Map<string, WireEntry>()
  #leases: Lease[] = []
  /** None, mostly: made when it is needed. */
  #waiting: Set<WireEntry> | undefined
  readonly #heart: NodeJS.Timeout | undefined
  readonly #once: NodeJS.Timeout | undefined
  readonly endsWithAnswer: boolean
  #blockedAt: number | undefined
  #gone: (() => void) | undefined
  #isOver = false

  constructor(
    call: Call,
    { timing, counts }: { timing: WireTiming; counts: ProxyCounts },
    endsWithAnswer: boolean,
  ) {
    this.#call = call
    this.#timing = timing
    this.#counts = counts
    this.endsWithAnswer = endsWithAnswer
    call.response.on('close', () => this.#closed())
    call.response.on('drain', () => this.#drained())
    if (endsWithAnswer) this.#once = setTimeout(() => this.#endBetweenAnswers(), timing.onceMs).unref()
    this.#heart = setInterval(() => this.#beat(), timing.heartbeatMs).unref()
  }

  get size(): number {
    return this.#entries.size
  }

  get isBlocked(): boolean {
    return this.#blockedAt !== undefined
  }

  whenGone(gone: () => void): void {
    this.#gone = gone
  }

  /** At once, so that the browser knows that nothing on the way holds the stream back. */
  greet(): void {
    if (this.endsWithAnswer) this.#call.response.flushHeaders()
    else this.#write(HEARTBEAT)
  }

  /** Entries that stand on an older token of the same account and scope go on with this one. */
  renew(claims: ShapeClaims): void {
    this.#leases.find((lease) => lease.isOf(claims))?.renew(claims)
  }

  /** The lease of these claims' account and scope. */
  lease(claims: ShapeClaims, watchers: Watchers): Lease {
    this.renew(claims)
    const known = this.#leases.find((lease) => lease.isOf(claims))
    if (known) return known
    const lease = new Lease(watchers, claims, this.#leaseEnded)
    this.#leases = [...this.#leases.filter(({ isHeld }) => isHeld), lease]
    return lease
  }

  readonly #leaseEnded = (lease: Lease) => {
    for (const entry of [...this.#entries.values()]) if (entry.lease === lease) entry.rightEnded()
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
    this.#waiting?.delete(entry)
    if (this.#entries.get(entry.id) === entry) this.#entries.delete(entry.id)
    if (this.#entries.size === 0) this.#end()
  }

  /** Calls `advance` when there is room again. */
  waitForRoom(entry: WireEntry): void {
    this.#waiting ??= new Set()
    this.#waiting.add(entry)
  }

  /** @param head null where the frame goes on with an answer. */
  send(id: string, head: Parameters<typeof encodeHead>[1], body: Buffer | null, more: boolean): void {
    const { response } = this.#call
    response.cork()
    this.#write(encodeHead(id, head, body?.length ?? 0, more))
    if (body) {
      this.#write(body)
      this.#counts.sentBytes += body.length
    }
    response.uncork()
    // Refusals come without being asked whether there is room.
    if (response.writableLength > MAX_UNSENT_BYTES) this.breakOff()
  }

  /** An answer is whole. */
  answered(): void {
    if (this.endsWithAnswer) setTimeout(() => this.#endBetweenAnswers(), LAST_ANSWERS_MS)
  }

  breakOff(): void {
    this.#call.breakOff()
    this.#closed()
  }

  #write(bytes: Buffer): void {
    if (!this.#isOver && !this.#call.response.write(bytes)) this.#blockedAt ??= performance.now()
  }

  #drained(): void {
    this.#blockedAt = undefined
    const waiting = [...(this.#waiting ?? [])]
    this.#waiting = undefined
    while (waiting.length > 0 && !this.isBlocked) waiting.shift()?.advance()
    // In turn: whoever had room and has more to send comes after those who had none.
    if (waiting.length > 0) this.#waiting = new Set([...waiting, ...(this.#waiting ?? [])])
  }

  #beat(): void {
    if (this.#blockedAt === undefined) {
      // What ends with its first answers is read when it has ended: nobody listens for its heart.
      if (!this.endsWithAnswer && !this.#isOver) this.#write(HEARTBEAT)
    } else if (performance.now() - this.#blockedAt >= this.#timing.stalledMs) this.breakOff()
  }

  /** Cut short, an answer that takes long would begin anew with each request. */
  #endBetweenAnswers(): void {
    for (const { isMidway } of this.#entries.values()) if (isMidway) return
    this.#end()
  }

  /** What is left is sent for as long as its reader takes it. */
  #end(): void {
    if (this.#isOver) return
    this.#over()
    if (this.#call.response.writableLength > 0) this.#blockedAt ??= performance.now()
    this.#call.response.end()
  }

  #closed(): void {
    clearInterval(this.#heart)
    this.#over()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#once)
    for (const entry of this.#entries.values()) entry.stop()
    this.#entries.clear()
    this.#waiting = undefined
    this.#gone?.()
  }
}
