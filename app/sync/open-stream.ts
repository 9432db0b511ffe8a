import { sendLiveChange } from './live-change.ts'
import { type ConnectionEnd, type LiveConnection, openLiveConnection } from './live-connection.ts'
import type { LiveFrame } from './live-frames.ts'
import type { LivePassage } from './live-passage.ts'
import { type Difference, isNone, LivePlaces, type Places } from './live-places.ts'
import { liveRequest, type Place } from './live-request.ts'
import type { LiveTokens } from './live-tokens.ts'
import { RENEW_BEFORE_MS } from './shape-tokens.ts'
import type { Subscription } from './subscription.ts'
import type { Timing } from './timing.ts'

export type StreamEnd =
  | ConnectionEnd
  /** It has done what it was there for. */
  | 'done'
  /** Something else is followed now, and this stream cannot be told. */
  | 'outdated'

export interface OpenStreamOptions {
  fetch: typeof fetch
  url: string
  timing: Timing
  tokens: LiveTokens
  passage: LivePassage
  /** What is to be followed at the moment. */
  followed: ReadonlySet<Subscription>
  nextId(): string
  onOpen(): void
  onAnswer(place: Place, frame: LiveFrame): void
  /** They have been on the stream for a while, and nothing refused them. */
  onSettled(subscriptions: Subscription[]): void
  /** Not called after `close`. */
  onEnd(end: StreamEnd): void
}

/**
 * One stream from its opening to its end, and what is on it. It is told of changes, one at a time; where that is not
 * possible it says that it is outdated, and the next one takes over everything.
 */
export class OpenStream {
  readonly #options: OpenStreamOptions
  readonly #places: LivePlaces
  /** Whether it ends with its first answers; otherwise it goes on. */
  readonly #once: boolean
  readonly #closing = new AbortController()
  readonly #settling = new Set<ReturnType<typeof setTimeout>>()
  readonly #askedAtMs = performance.now()
  #renewTimer: ReturnType<typeof setTimeout> | undefined
  #connection: LiveConnection | null = null
  #changeUrl: string | null = null
  #isOpen = false
  #isChanging = false
  #hasAnswered = false

  constructor(options: OpenStreamOptions) {
    this.#options = options
    this.#places = new LivePlaces(options.nextId)
    this.#once = options.passage.holdsStreams
  }

  /** @returns whether there was anything to open it for: without tokens there is not, yet. */
  open(): boolean {
    const { fetch, url, timing, followed, tokens } = this.#options
    const all = this.#places.difference(followed, tokens)
    if (isNone(all)) return false
    this.#apply(all)
    const request = { ...liveRequest(all.added), ...(this.#once && { once: true as const }) }
    this.#connection = openLiveConnection(request, {
      fetch,
      url,
      firstByteMs: this.#once ? timing.onceMs : timing.firstByteMs,
      silenceMs: this.#once ? timing.onceMs : timing.silenceMs,
      isKnown: (id) => this.#places.get(id) !== undefined,
      onOpen: (stream) => this.#opened(stream),
      onFrame: (frame) => this.#receive(frame),
      onEnd: (how) => this.#end(this.#whatIsMeantBy(how)),
    })
    return true
  }

  carries(subscription: Subscription): boolean {
    return this.#places.subscriptions().has(subscription)
  }

  /** Brings the stream in line with what is followed: now, or as soon as it can be told. */
  follow(): void {
    const canBeTold = this.#isOpen || this.#once
    if (this.#closing.signal.aborted || this.#isChanging || !canBeTold) return
    const { followed, tokens, passage } = this.#options
    const difference = this.#places.difference(followed, tokens)
    if (isNone(difference)) return
    if (this.#changeUrl && passage.takesChanges) void this.#change(this.#changeUrl, difference)
    else this.#end('outdated')
  }

  close(): void {
    this.#closing.abort()
    this.#connection?.close()
    clearTimeout(this.#renewTimer)
    for (const timer of this.#settling) clearTimeout(timer)
  }

  #opened(stream: string | null): void {
    this.#isOpen = true
    this.#options.onOpen()
    if (this.#once) return // its answers are here: what has changed goes into the next
    this.#options.passage.streamStarted()
    if (stream) this.#changeUrl = `${this.#options.url}/${encodeURIComponent(stream)}`
    this.follow() // what came while it was being opened
  }

  #receive(frame: LiveFrame): void {
    const place = this.#places.get(frame.id)
    if (!place) return
    this.#hasAnswered = true
    if (frame.status !== 200) this.#places.remove(frame.id) // its last frame
    this.#options.onAnswer(place, frame)
  }

  #whatIsMeantBy(how: ConnectionEnd): StreamEnd {
    if (!this.#once) return how === 'finished' && this.#places.size === 0 ? 'done' : how
    if (how === 'buffered') return 'lost' // that it is held back is known; this long means more
    // One that was over at once without an answer must not be asked again without a pause.
    const hasWaited = performance.now() - this.#askedAtMs >= this.#options.timing.settledMs
    return how === 'finished' && (this.#hasAnswered || hasWaited) ? 'done' : how
  }

  #end(how: StreamEnd): void {
    if (this.#closing.signal.aborted) return
    this.close()
    this.#options.onEnd(how)
  }

  async #change(url: string, difference: Difference): Promise<void> {
    const { fetch, timing, passage } = this.#options
    const { signal } = this.#closing
    const newTokens = difference.renewed.map(({ token }) => token.token)
    const change = { ...liveRequest(difference.added, newTokens), drop: difference.drop }
    this.#apply(difference) // before the answer: the first frames may be faster than it
    this.#isChanging = true
    const result = await sendLiveChange(change, { fetch, url, timeoutMs: timing.changeMs, signal })
    this.#isChanging = false
    if (signal.aborted) return
    if (result === 'refused') passage.changeRefused()
    if (result !== 'applied') return this.#end('outdated')
    passage.changeApplied()
    this.follow() // what came meanwhile
  }

  #apply(difference: Difference): void {
    this.#places.apply(difference)
    this.#renewInTime()
    if (difference.added.length > 0) this.#settleLater(difference.added)
  }

  #renewInTime(): void {
    clearTimeout(this.#renewTimer)
    if (this.#places.size === 0) return
    const inMs = Math.max(this.#places.firstEndMs() - RENEW_BEFORE_MS - performance.now(), 1000)
    this.#renewTimer = setTimeout(() => {
      this.#renewInTime()
      this.follow()
    }, inMs)
  }

  #settleLater(added: Places): void {
    const timer = setTimeout(() => {
      this.#settling.delete(timer)
      const still = added.filter(([id]) => this.#places.get(id))
      this.#options.onSettled(still.map(([, { subscription }]) => subscription))
    }, this.#options.timing.settledMs)
    this.#settling.add(timer)
  }
}
