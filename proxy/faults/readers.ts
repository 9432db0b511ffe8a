import { type Row, ShapeStream } from '@electric-sql/client'
import { createLiveTransport } from '#app/sync/live-transport.ts'
import { createShapeTokens, type TokenScope } from '#app/sync/shape-tokens.ts'
import type { Timing } from '#app/sync/timing.ts'
import type { ShapeName } from '#db/inputs/index.ts'
import { Held, type Reader } from './held.ts'

export interface Tab {
  /** Everything that it asked for, by path and query. */
  asked: string[]
  /** How many live streams it has opened. */
  streams(): number
  follow(shape: ShapeName, scope: TokenScope): TabReader
  close(): void
}

export interface TabReader extends Reader {
  /** What it was refused with for good; undefined while it goes on. */
  endedWith(): number | undefined
}

export interface TabOptions {
  accountId: string
  origin: string
  name?: string
  timing?: Partial<Timing>
  /** One long-poll for each shape, as without a live stream. */
  isPlain?: boolean
  /** In the place of the network. */
  fetch?: typeof fetch
}

const QUICK: Partial<Timing> = { retryMs: 10, maxRetryMs: 30 }

// Rows are compared as Postgres writes them.
const asText = (text: string) => text
const parser = {
  int2: asText,
  int4: asText,
  int8: asText,
  float4: asText,
  float8: asText,
  bool: asText,
  json: asText,
  jsonb: asText,
}

/** The official client over the app's own transport, as in a tab. */
export function openTab({ accountId, origin, name = 'a tab', ...options }: TabOptions): Tab {
  const asked: string[] = []
  const closing = new AbortController()
  const fetchAs: typeof fetch = (input, init) => {
    const { pathname, search } = new URL(String(input))
    asked.push(pathname + search)
    const headers = new Headers(init?.headers)
    headers.set('x-account', accountId)
    return (options.fetch ?? fetch)(input, { ...init, headers })
  }
  const tokens = createShapeTokens({ fetch: fetchAs, url: `${origin}/api/shape-tokens` })
  const transport = createLiveTransport({
    fetch: fetchAs,
    liveUrl: `${origin}/api/live`,
    tokens,
    timing: { ...QUICK, ...options.timing },
    isOnline: () => true,
  })
  const plainly =
    (scope: TokenScope): typeof fetch =>
    async (input, init) => {
      const { token } = await tokens.get(scope)
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetchAs(input, { ...init, headers })
      if (response.status === 401) tokens.reject(scope, token)
      return response
    }
  return {
    asked,
    streams: () => asked.filter((path) => path === '/api/live').length,
    follow: (shape, scope) => {
      const held = new Held()
      let ended: number | undefined
      const stream = new ShapeStream<Row>({
        url: `${origin}/api/shapes/${shape}`,
        params: scope === null ? {} : { session_id: scope },
        fetchClient: options.isPlain ? plainly(scope) : transport.connect(shape, scope),
        signal: closing.signal,
        parser,
        warnOnHttp: false,
        backoffOptions: { initialDelay: 10, maxDelay: 50, multiplier: 1.5 },
        onError: (error) => {
          const status = 'status' in error ? Number(error.status) : undefined
          if (status !== 401 && status !== 404) return {}
          ended = status
        },
      })
      stream.subscribe(
        (messages) => held.apply(messages),
        () => {}, // told of by onError
      )
      return {
        name: `${name}, ${shape}`,
        shape,
        scopeId: scope ?? accountId,
        held,
        endedWith: () => ended,
      }
    },
    close: () => {
      closing.abort()
      transport.close()
    },
  }
}
