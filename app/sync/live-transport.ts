import { ConnectionMonitor, type ConnectionState } from './connection-state.ts'
import { LiveStream } from './live-stream.ts'
import { ScopeEnded, type ShapeTokens, type TokenScope } from './shape-tokens.ts'
import type { Store } from './store.ts'
import { type Position, Subscription } from './subscription.ts'
import { TIMING, type Timing } from './timing.ts'

export interface LiveTransportOptions {
  fetch: typeof fetch
  liveUrl: string
  tokens: ShapeTokens
  timing?: Partial<Timing>
  isOnline?: () => boolean
}

/** How a tab's collections reach the server. */
export interface LiveTransport {
  /** A `fetchClient` for one collection's stream: its live requests share one connection with everybody else's. */
  connect(shape: string, scope: TokenScope): typeof fetch
  connection: Store<ConnectionState>
  /** The browser went online, offline, or woke up. */
  networkChanged(): void
  close(): void
}

export function createLiveTransport(options: LiveTransportOptions): LiveTransport {
  const { tokens, fetch, liveUrl: url } = options
  const timing = { ...TIMING, ...options.timing }
  const monitor = new ConnectionMonitor(options.isOnline ?? (() => globalThis.navigator?.onLine !== false))
  const stream = new LiveStream({ fetch, url, tokens, monitor, timing })

  const askDirectly = async (scope: TokenScope, input: RequestInfo | URL, init: RequestInit = {}) => {
    try {
      const response = await fetchWithToken(fetch, tokens, scope, input, init)
      if (stream.isBypassed) response.ok ? monitor.opened() : monitor.lost(true)
      return response
    } catch (error) {
      if (error instanceof ScopeEnded) return new Response(null, { status: error.status })
      if (!init.signal?.aborted && !stream.isConnected) monitor.lost(false)
      throw error
    }
  }

  return {
    connect: (shape, scope) => {
      const place = new LivePlace(stream, shape, scope, timing)
      return (input, init) => {
        const position = livePosition(input)
        const directly = () => askDirectly(scope, input, init)
        if (!position || stream.isBypassed) return directly()
        return place.ask(position, init?.signal ?? undefined, directly)
      }
    },
    connection: monitor.state,
    networkChanged: () => {
      monitor.update()
      stream.retryNow()
    },
    close: () => {
      stream.close()
      monitor.close()
    },
  }
}

/** One collection's side of the stream: turns its live requests into one lasting subscription. */
class LivePlace {
  readonly #stream: LiveStream
  readonly #timing: Timing
  readonly #make: (position: Position) => Subscription
  #subscription: Subscription | null = null
  #idleTimer: ReturnType<typeof setTimeout> | undefined

  constructor(stream: LiveStream, shape: string, scope: TokenScope, timing: Timing) {
    this.#stream = stream
    this.#timing = timing
    this.#make = (position) => new Subscription(this, shape, scope, position)
  }

  ask(
    position: Position,
    signal: AbortSignal | undefined,
    askDirectly: () => Promise<Response>,
  ): Promise<Response> {
    const subscription = this.#at(position)
    clearTimeout(this.#idleTimer)
    return new Promise((resolve, reject) => {
      const aborted = () => {
        subscription.call = null
        this.#giveUpAfter(this.#timing.abortedMs)
        reject(signal?.reason)
      }
      if (signal?.aborted) return aborted()
      signal?.addEventListener('abort', aborted, { once: true })
      const settle =
        <T>(how: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', aborted)
          this.#giveUpAfter(this.#timing.unaskedMs)
          how(value)
        }
      subscription.wait({ resolve: settle(resolve), reject: settle(reject), askDirectly })
    })
  }

  /** The subscription that goes on from here: the one there is, or a new one when the client has moved on by itself. */
  #at(position: Position): Subscription {
    const current = this.#subscription
    if (current && this.#stream.has(current) && current.continuesAt(position)) return current
    const next = this.#make(position)
    this.#stream.add(next)
    if (current) this.#stream.remove(current)
    this.#subscription = next
    return next
  }

  #giveUpAfter(ms: number): void {
    clearTimeout(this.#idleTimer)
    const subscription = this.#subscription
    this.#idleTimer = setTimeout(() => {
      if (subscription) this.#stream.remove(subscription)
    }, ms)
  }
}

async function fetchWithToken(
  fetch: typeof globalThis.fetch,
  tokens: ShapeTokens,
  scope: TokenScope,
  input: RequestInfo | URL,
  init: RequestInit,
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const { token } = await tokens.get(scope)
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${token}`)
    const response = await fetch(input, { ...init, headers, credentials: 'omit', cache: 'no-store' })
    if (response.status !== 401 || attempt === 2) return response
    await response.body?.cancel()
    tokens.reject(scope, token)
  }
}

/** Where a live request stands; null for every other request. */
function livePosition(input: RequestInfo | URL): Position | null {
  const { searchParams } = new URL(input instanceof Request ? input.url : input)
  const handle = searchParams.get('handle')
  const offset = searchParams.get('offset')
  if (searchParams.get('live') !== 'true' || !handle || !offset) return null
  const cursor = searchParams.get('cursor')
  return { handle, offset, ...(cursor !== null && { cursor }) }
}
