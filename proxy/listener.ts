import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { guard, partsOf } from '#server/auth/guard.ts'
import { AppError } from '#server/errors.ts'
import { Call } from './call.ts'
import { serveLive } from './live/serve-live.ts'
import { type ProxyContext, type ProxyOptions, proxyState } from './process-state.ts'
import { serveShape } from './serve-shape.ts'

export type ProxyListener = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => boolean

/**
 * The proxy's own endpoints, on Node's requests: what waits for hours, and by the thousand, has no use for more.
 * The listener says whether the request is one of them; then it is answered, whatever happens.
 */
export function createProxyListener(ctx: ProxyContext, options: ProxyOptions = {}): ProxyListener {
  return (request, response) => {
    const url = request.url ?? ''
    const at = url.indexOf('?')
    const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
    const endpoint = endpointOf(path)
    if (!endpoint) return false
    const call = new Call(ctx, request, response)
    void serve(call, options, endpoint, query).catch((error) => call.fail(error))
    return true
  }
}

type Endpoint = { shapeName: string } | { stream: string | null }

function endpointOf(path: string): Endpoint | null {
  const [, shapeName, live, stream] = /^\/api\/(?:shapes\/([^/]+)|(live)(?:\/([^/]+))?)$/.exec(path) ?? []
  if (shapeName) return { shapeName }
  return live ? { stream: stream ?? null } : null
}

async function serve(call: Call, options: ProxyOptions, endpoint: Endpoint, query: string): Promise<void> {
  guard(partsOf(call.request), call.ctx.env)
  const state = await proxyState(call.ctx, options)
  call.counts = state.counts
  if ('stream' in endpoint) {
    if (query) throw new AppError('invalid', 'The live stream takes no query parameters.')
    return serveLive(state, call, endpoint.stream)
  }
  await serveShape(state, call, endpoint.shapeName, query)
}
