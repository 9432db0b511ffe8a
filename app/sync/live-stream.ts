import { BackOff } from './back-off.ts'
import type { ConnectionMonitor } from './connection-state.ts'
import type { LiveFrame } from './live-frames.ts'
import { LivePassage } from './live-passage.ts'
import type { Place } from './live-request.ts'
import { LiveTokens } from './live-tokens.ts'
import { OpenStream, type StreamEnd } from './open-stream.ts'
import type { ShapeTokens, TokenScope } from './shape-tokens.ts'
import type { Subscription } from './subscription.ts'
import type { Timing } from './timing.ts'

export interface LiveStreamOptions {
  fetch: typeof fetch
  url: string
  tokens: ShapeTokens
  monitor: ConnectionMonitor
  timing: Timing
}

/**
 * Keeps one stream open for all subscriptions. Changes are told to the stream that runs; when it is lost, or cannot be
 * told, a new one takes everything over, each subscription from where its last whole answer ended.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions
  readonly #subscriptions = new Set<Subscription>()
  readonly #tokens: LiveTokens
  readonly #passage: LivePassage
  readonly #backOff: BackOff
  #stream: OpenStream | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #dueAtMs = Number.POSITIVE_INFINITY
  #notBeforeMs = 0
  #lastId = 0
  #closed = false

  constructor(options: LiveStreamOptions) {
    const { timing, monitor } = options
    this.#options = options
    this.#passage = new LivePassage(timing)
    this.#backOff = new BackOff(timing)
    this.#tokens = new LiveTokens(options.tokens, timing, {
      onChange: () => this.#actWithin(timing.coalesceMs),
      onEnded: (scope, status) => this.#endScope(scope, status),
      onFailed: () => {
        if (this.#stream) this.#markUnserved(this.#stream)
        else monitor.lost(false)
      },
    })
  }

  /** Whether live requests of all shapes are refused at the moment, so that each shape has to ask for itself. */
  get isBypassed(): boolean {
    return this.#passage.isClosed
  }

  get isConnected(): boolean {
    return this.#stream !== null
  }

  has(subscription: Subscription): boolean {
    return this.#subscriptions.has(subscription)
  }

  add(subscription: Subscription): void {
    this.#subscriptions.add(subscription)
    this.#tokens.take(subscription.scope) // on its way while others join
    this.#actWithin(this.#options.timing.coalesceMs)
  }

  remove(subscription: Subscription): void {
    if (!this.has(subscription)) return
    this.#options.monitor.served(subscription.collection, true)
    this.#giveUp(subscription)
  }

  /** Tries at once instead of after the back-off. */
  retryNow(): void {
    if (this.#subscriptions.size === 0) return
    this.#tokens.retryNow()
    if (!this.#stream) {
      this.#notBeforeMs = 0
      this.#dueAtMs = Number.POSITIVE_INFINITY
      this.#backOff.reset()
    }
    this.#actWithin(0)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#tokens.close()
    this.#disconnect()
    const closed = new DOMException('The workspace was closed.', 'AbortError')
    for (const { call } of this.#subscriptions) call?.reject(closed)
    this.#subscriptions.clear()
  }

  #actWithin(ms: number): void {
    if (this.#closed) return
    const atMs = Math.max(performance.now() + ms, this.#notBeforeMs)
    if (atMs >= this.#dueAtMs) return
    this.#dueAtMs = atMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#act(), Math.max(0, atMs - performance.now()))
  }

  /** What was due when the stream was lost must wait, too. */
  get #isPaused(): boolean {
    return performance.now() < this.#notBeforeMs
  }

  #act(): void {
    clearTimeout(this.#timer)
    this.#dueAtMs = Number.POSITIVE_INFINITY
    if (this.#passage.isClosed) this.#askDirectly()
    else if (this.#stream) this.#stream.follow()
    else if (this.#isPaused) this.#actWithin(0)
    else this.#open()
  }

  #open(): void {
    const { fetch, url, timing, monitor } = this.#options
    const stream = new OpenStream({
      fetch,
      url,
      timing,
      tokens: this.#tokens,
      passage: this.#passage,
      followed: this.#subscriptions,
      nextId: () => String(++this.#lastId),
      onOpen: () => monitor.opened(),
      onAnswer: (place, frame) => this.#receive(place, frame),
      onSettled: (subscriptions) => this.#settled(subscriptions),
      onEnd: (how) => this.#ended(how),
    })
    if (stream.open()) this.#stream = stream
  }

  #disconnect(): void {
    this.#stream?.close()
    this.#stream = null
  }

  #receive({ subscription, token }: Place, frame: LiveFrame): void {
    if (!this.has(subscription)) return
    if (frame.status === 401 && subscription.refusals++ === 0) {
      this.#tokens.reject(subscription.scope, token)
      this.#actWithin(this.#options.timing.coalesceMs)
      return
    }
    this.#options.monitor.served(subscription.collection, frame.status < 500)
    const hasRoom = subscription.receive(frame)
    if (frame.status !== 200 || !hasRoom) this.#giveUp(subscription)
  }

  #reached(): void {
    this.#options.monitor.opened()
    this.#backOff.reset()
  }

  #settled(subscriptions: Subscription[]): void {
    this.#backOff.reset()
    for (const subscription of subscriptions) {
      if (this.has(subscription)) this.#options.monitor.served(subscription.collection, true)
    }
  }

  #ended(how: StreamEnd): void {
    this.#stream = null
    if (how === 'buffered') this.#passage.streamHeldBack()
    if (how === 'refused') this.#passage.streamRefused()
    if (this.#subscriptions.size === 0) return
    if (how === 'done') this.#reached()
    const isLost = how === 'lost' || how === 'finished' || (how === 'buffered' && !this.#passage.holdsStreams)
    if (isLost) this.#retry(how === 'finished')
    else this.#act()
  }

  #retry(reached: boolean): void {
    this.#options.monitor.lost(reached)
    this.#notBeforeMs = performance.now() + this.#backOff.nextMs()
    this.#actWithin(0)
  }

  #markUnserved(stream: OpenStream): void {
    for (const subscription of this.#subscriptions) {
      if (!stream.carries(subscription)) this.#options.monitor.served(subscription.collection, false)
    }
  }

  #giveUp(subscription: Subscription): void {
    this.#subscriptions.delete(subscription)
    if (this.#subscriptions.size > 0) this.#actWithin(this.#options.timing.tidyMs)
    else this.#disconnect()
  }

  #askDirectly(): void {
    const subscriptions = [...this.#subscriptions]
    this.#subscriptions.clear()
    for (const { call } of subscriptions) call?.askDirectly().then(call.resolve, call.reject)
  }

  #endScope(scope: TokenScope, status: number): void {
    for (const subscription of this.#subscriptions) {
      if (subscription.scope !== scope) continue
      this.remove(subscription)
      subscription.call?.resolve(new Response(null, { status }))
    }
  }
}
