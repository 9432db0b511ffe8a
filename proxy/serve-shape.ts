import { AppError, errorResponse } from '#server/errors.ts'
import { type ProxyContext, proxyState } from './process-state.ts'
import { type Lease, leaseOf, readRight } from './read-right.ts'
import { notValid } from './shape-tokens.ts'
import { askUpstream, Unavailable, type UpstreamAnswer, upstreamUrl } from './upstream.ts'

/** Where the caller stands in a shape's log: the only things of hers that go upstream. */
const POSITION_PARAMS = ['cache-buster', 'cursor', 'expired_handle', 'handle', 'live', 'log', 'offset']
const MAX_PARAM_LENGTH = 256

/**
 * `GET /api/shapes/<name>?session_id=…&<position>` with `Authorization: Bearer <shape token>`: one answer of Electric,
 * for the scope that the token proves.
 * @throws AppError method_not_allowed, unauthenticated, not_found, invalid.
 */
export async function serveShape(ctx: ProxyContext, request: Request, shapeName: string): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new AppError('method_not_allowed', `${request.method} is not allowed here; use GET.`)
  }
  try {
    return await answer(ctx, request, shapeName)
  } catch (error) {
    if (error instanceof Unavailable) return errorResponse(error, { 'retry-after': error.retryAfter })
    throw error
  }
}

async function answer(ctx: ProxyContext, request: Request, shapeName: string): Promise<Response> {
  const token = bearerToken(request)
  const state = await proxyState(ctx)
  const { position, sessionId } = readParams(new URL(request.url).searchParams)
  const right = await readRight(state, { token, shapeName, sessionId })
  const lease = leaseOf(state, right, request.signal)
  try {
    const url = upstreamUrl(ctx.env, right.shape, right.scopeId, position)
    const upstream = await askUpstream(ctx, url, lease.signal)
    return handOn(upstream, lease, request.method === 'HEAD')
  } catch (error) {
    lease.release()
    throw error
  }
}

function bearerToken(request: Request): string {
  const [, token] = /^Bearer ([\w.-]+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  if (!token) throw notValid()
  return token
}

// Anything unknown is refused rather than ignored: `table`, `where[]` or a token in the URL is an attack or a mistake.
function readParams(params: URLSearchParams): { position: Map<string, string>; sessionId: string | null } {
  const position = new Map<string, string>()
  let sessionId: string | null = null
  for (const [name, value] of params) {
    if (value.length > MAX_PARAM_LENGTH) throw new AppError('invalid', 'A query parameter is too long.')
    if (name === 'session_id' && sessionId === null) sessionId = value
    else if (POSITION_PARAMS.includes(name) && !position.has(name)) position.set(name, value)
    else
      throw new AppError('invalid', 'The query has a parameter that this shape does not take, or one twice.')
  }
  return { position, sessionId }
}

function handOn({ status, headers, body }: UpstreamAnswer, lease: Lease, headOnly: boolean): Response {
  headers.set('cache-control', 'private, no-store')
  if (headOnly || !body) {
    lease.release()
    void body?.cancel()
    return new Response(null, { status, headers })
  }
  return new Response(released(body, lease), { status, headers })
}

/** Until its last byte the body ends with the right to read it: fetch stops it through the lease's signal. */
function released(body: ReadableStream<Uint8Array<ArrayBuffer>>, lease: Lease): ReadableStream {
  const reader = body.getReader()
  // By hand: through a TransformStream a small answer would take about half as long again.
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(value)
        lease.release()
        controller.close()
      },
      cancel: (reason) => {
        lease.release()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
