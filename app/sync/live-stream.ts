import type { ConnectionMonitor } from './connection-state.ts'
import {
  type ConnectionEnd,
  type LiveConnection,
  type LiveEntry,
  openLiveConnection,
} from './live-connection.ts'
import type { LiveFrame } from './live-frames.ts'
import { RENEW_BEFORE_MS, ScopeEnded, type ShapeToken, type ShapeTokens } from './shape-tokens.ts'
import type { Subscription } from './subscription.ts'
import type { Timing } from './timing.ts'

export interface LiveStreamOptions {
  fetch: typeof fetch
  url: string
  tokens: ShapeTokens
  monitor: ConnectionMonitor
  timing: Timing
}

interface Place {
  subscription: Subscription
  token: ShapeToken
}

/**
 * Keeps one connection open for all subscriptions. Every change of the set, a token about to end and a loss all lead to
 * the same act: open a new connection with everything, each from where its last whole answer ended.
 */
export class LiveStream {
  readonly #options: LiveStreamOptions
  readonly #subscriptions = new Set<Subscription>()
  #places = new Map<string, Place>()
  #connection: LiveConnection | null = null
  #opening = false
  #openTimer: ReturnType<typeof setTimeout> | undefined
  #openAt = Number.POSITIVE_INFINITY
  #renewTimer: ReturnType<typeof setTimeout> | undefined
  #settleTimer: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #slowStarts = 0
  #notBefore = 0
  #directUntil = 0
  #lastId = 0
  #closed = false

  constructor(options: LiveStreamOptions) {
    this.#options = options
  }

  /** Whether streams do not get through at the moment, so that each shape has to ask for itself. */
  get isBypassed(): boolean {
    return performance.now() < this.#directUntil
  }

  get isConnected(): boolean {
    return this.#connection !== null
  }

  has(subscription: Subscription): boolean {
    return this.#subscriptions.has(subscription)
  }

  add(subscription: Subscription): void {
    this.#subscriptions.add(subscription)
    this.#openWithin(this.#options.timing.coalesceMs)
  }

  remove(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription)) return
    this.#options.monitor.served(subscription.collection, true)
    if (this.#subscriptions.size > 0) this.#openWithin(this.#options.timing.tidyMs)
    else this.#disconnect()
  }

  /** Tries at once instead of after the back-off. */
  retryNow(): void {
    if (this.#connection || this.#subscriptions.size === 0) return
    this.#notBefore = 0
    this.#failures = 0
    this.#openAt = Number.POSITIVE_INFINITY
    this.#openWithin(0)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#openTimer)
    this.#disconnect()
    const closed = new DOMException('The workspace was closed.', 'AbortError')
    for (const { call } of this.#subscriptions) call?.reject(closed)
    this.#subscriptions.clear()
  }

  #openWithin(ms: number): void {
    if (this.#closed) return
    const at = Math.max(performance.now() + ms, this.#notBefore)
    if (at >= this.#openAt) return
    this.#openAt = at
    clearTimeout(this.#openTimer)
    this.#openTimer = setTimeout(() => void this.#open(), at - performance.now())
  }

  async #open(): Promise<void> {
    this.#openAt = Number.POSITIVE_INFINITY
    // Tokens of the one before are still on their way: what changed meanwhile goes into the next.
    if (this.#opening) return this.#openWithin(this.#options.timing.coalesceMs)
    this.#opening = true
    const places = await this.#collectPlaces().catch(() => null)
    this.#opening = false
    if (this.#closed) return
    if (!places) return this.#retry(false)
    // The old one first: it must not move positions that the new request has named already.
    this.#disconnect()
    if (this.isBypassed) return this.#askDirectly()
    if (places.size > 0) this.#connect(places)
  }

  async #collectPlaces(): Promise<Map<string, Place>> {
    const places = new Map<string, Place>()
    const scopes = new Set([...this.#subscriptions].map(({ scope }) => scope))
    const collect = async (scope: Subscription['scope']) => {
      const theirs = () => [...this.#subscriptions].filter((each) => each.scope === scope)
      try {
        const token = await this.#options.tokens.get(scope)
        for (const subscription of theirs()) places.set(String(++this.#lastId), { subscription, token })
      } catch (error) {
        if (!(error instanceof ScopeEnded)) throw error
        for (const subscription of theirs()) this.#end(subscription, error.status)
      }
    }
    await Promise.all([...scopes].map(collect))
    return places
  }

  #connect(places: Map<string, Place>): void {
    const { fetch, url, timing, monitor } = this.#options
    this.#places = places
    this.#connection = openLiveConnection([...places].map(toEntry), {
      fetch,
      url,
      firstByteMs: timing.firstByteMs,
      silenceMs: timing.silenceMs,
      onOpen: () => {
        this.#slowStarts = 0
        monitor.opened()
      },
      onFrame: (frame) => this.#receive(frame),
      onEnd: (how) => this.#ended(how),
    })
    this.#settleTimer = setTimeout(() => this.#settled(places), timing.settledMs)
    const expiresAtMs = Math.min(...[...places.values()].map(({ token }) => token.expiresAtMs))
    const renewInMs = Math.max(expiresAtMs - RENEW_BEFORE_MS - performance.now(), 1000)
    this.#renewTimer = setTimeout(() => this.#openWithin(0), renewInMs)
  }

  #disconnect(): void {
    clearTimeout(this.#renewTimer)
    clearTimeout(this.#settleTimer)
    this.#connection?.close()
    this.#connection = null
  }

  #settled(places: Map<string, Place>): void {
    this.#failures = 0
    for (const { subscription } of places.values()) {
      if (this.has(subscription)) this.#options.monitor.served(subscription.collection, true)
    }
  }

  #receive(frame: LiveFrame): void {
    const place = this.#places.get(frame.id)
    if (!place || !this.has(place.subscription)) return
    const { subscription, token } = place
    if (frame.status === 401 && subscription.refusals++ === 0) {
      this.#options.tokens.reject(subscription.scope, token.token)
      this.#openWithin(this.#options.timing.coalesceMs)
      return
    }
    this.#options.monitor.served(subscription.collection, frame.status < 500)
    const hasRoom = subscription.receive(frame)
    if (frame.status !== 200 || !hasRoom) this.#subscriptions.delete(subscription)
  }

  #ended(how: ConnectionEnd): void {
    this.#disconnect()
    if (this.#subscriptions.size === 0) return
    // Once is a busy moment; twice in a row is something on the way that holds streams back.
    const isSlow = how === 'buffered' && ++this.#slowStarts < 2
    if (isSlow || how === 'lost' || how === 'finished') this.#retry(how === 'finished')
    else {
      this.#directUntil = performance.now() + this.#options.timing.directMs
      this.#askDirectly()
    }
  }

  #retry(reached: boolean): void {
    const { retryMs, maxRetryMs } = this.#options.timing
    this.#options.monitor.lost(reached)
    const delayMs = Math.min(retryMs * 2 ** this.#failures++, maxRetryMs) * (0.5 + Math.random() / 2)
    this.#notBefore = performance.now() + delayMs
    this.#openWithin(0)
  }

  #askDirectly(): void {
    const subscriptions = [...this.#subscriptions]
    this.#subscriptions.clear()
    for (const { call } of subscriptions) call?.askDirectly().then(call.resolve, call.reject)
  }

  #end(subscription: Subscription, status: number): void {
    this.#subscriptions.delete(subscription)
    subscription.call?.resolve(new Response(null, { status }))
  }
}

function toEntry([id, { subscription, token }]: [string, Place]): LiveEntry {
  const { shape, scope, position } = subscription
  return { id, shape, ...(scope && { session_id: scope }), token: token.token, ...position }
}
