import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Answer, jsonAnswer } from './answer.ts'
import { describeError } from './database-errors.ts'
import type { Engine } from './engine.ts'
import type { ElectricSettings } from './options.ts'
import { type HeaderMap, ProtocolError, unsupported } from './protocol-error.ts'
import { parseShapeRequest } from './request-params.ts'
import { ShapeAnswers } from './shape-answers.ts'

const SERVER = { 'electric-server': 'ElectricSQL/1.7.12' }
const SHAPE_METHODS = 'GET, POST, HEAD, DELETE, OPTIONS'
// The real service leaves out electric-snapshot and etag, and cross-origin clients miss them.
const EXPOSED =
  'electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,electric-up-to-date,electric-internal-known-error,electric-snapshot,etag,retry-after'

export function createHttpServer(engine: Engine, settings: ElectricSettings): Server {
  const answers = new ShapeAnswers(engine, settings)
  // Longer than a proxy keeps its side: otherwise it can send on a connection that just closed.
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    respond({ engine, settings, answers, request, response }).catch((error: unknown) => {
      settings.log('error', `A request failed: ${describeError(error)}`)
      response.destroy()
    })
  })
  return server
}

interface Exchange {
  readonly engine: Engine
  readonly settings: ElectricSettings
  readonly answers: ShapeAnswers
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function respond(exchange: Exchange): Promise<void> {
  const { request, response, engine } = exchange
  request.resume() // no body is read; an unread one would hold the connection
  const url = parseTarget(request.url ?? '/')
  switch (url?.path) {
    case 'v1/shape':
      return respondToShape(exchange, url.query)
    case 'v1/health': {
      if (!isRead(request)) break
      const answer = engine.isReady
        ? jsonAnswer(200, { status: 'active' }, HEALTH_CACHING)
        : jsonAnswer(202, { status: 'starting' }, HEALTH_CACHING)
      return send(request, response, answer, { 'access-control-allow-methods': 'GET, HEAD' })
    }
    case '':
      if (isRead(request)) return send(request, response, { status: 200, headers: {}, body: null })
  }
  const body = Buffer.from('Not found')
  send(request, response, { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body })
}

const HEALTH_CACHING = { 'cache-control': 'no-cache, no-store, must-revalidate' }

async function respondToShape(exchange: Exchange, query: URLSearchParams): Promise<void> {
  const { request, response, settings } = exchange
  if (request.method === 'OPTIONS') return send(request, response, preflight(request), shapeCors(request))
  if (!isAuthorised(query, settings.secret)) {
    const caching = { 'cache-control': 'max-age=0, private, must-revalidate' }
    return send(request, response, jsonAnswer(401, { message: 'Unauthorized - Invalid API secret' }, caching))
  }
  const answer = await answerShape(exchange, query)
  if (answer) send(request, response, answer, shapeCors(request))
}

async function answerShape(exchange: Exchange, query: URLSearchParams): Promise<Answer | null> {
  const { request, response, answers, settings } = exchange
  try {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return await answers.answer(parseShapeRequest(query), request.headers, whenClosed(response))
      case 'POST':
        throw unsupported('subset', 'POST and subset snapshots are')
      case 'DELETE':
        throw new ProtocolError(405, { message: 'DELETE not allowed' })
      default:
        return { status: 404, headers: { 'content-type': 'text/plain' }, body: Buffer.from('Not found') }
    }
  } catch (error) {
    if (error instanceof ProtocolError) return jsonAnswer(error.status, error.body, error.headers)
    settings.log('error', `A shape request failed: ${describeError(error)}`)
    return jsonAnswer(500, { error: 'Internal server error' })
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  more: HeaderMap = {},
): void {
  if (response.destroyed) return
  const length: HeaderMap =
    answer.status === 304 || answer.status === 204
      ? {}
      : { 'content-length': String(answer.body?.length ?? 0) }
  response.writeHead(answer.status, { ...SERVER, ...more, ...answer.headers, ...length })
  response.end(request.method === 'HEAD' ? undefined : (answer.body ?? undefined))
}

function shapeCors({ headers }: IncomingMessage): HeaderMap {
  return {
    'access-control-allow-origin': headers.origin ?? '*',
    'access-control-allow-methods': SHAPE_METHODS,
    'access-control-expose-headers': EXPOSED,
  }
}

function preflight({ headers }: IncomingMessage): Answer {
  const asked = (headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
  const allowed = asked.filter((name) => name === 'if-none-match' || name === 'traceparent')
  return {
    status: 204,
    headers: {
      'access-control-max-age': '86400',
      ...(allowed.length > 0 ? { 'access-control-allow-headers': allowed.join(',') } : {}),
    },
    body: null,
  }
}

/** Compares digests, of one length whatever was given: the time taken tells nothing of the secret. */
function isAuthorised(query: URLSearchParams, secret: string | null): boolean {
  if (secret === null) return true
  const given = query.get('secret') ?? query.get('api_secret') ?? ''
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

function whenClosed(response: ServerResponse): AbortSignal {
  const closed = new AbortController()
  response.once('close', () => closed.abort())
  return closed.signal
}

/** The path as the real service sees it: `/v1/shape/`, `/v1//shape` and `/v1/%73hape` are one. */
function parseTarget(target: string): { path: string; query: URLSearchParams } | null {
  const [path = '', ...rest] = target.split('?')
  try {
    const segments = path.split('/').filter((segment) => segment !== '')
    return { path: segments.map(decodeURIComponent).join('/'), query: new URLSearchParams(rest.join('?')) }
  } catch {
    return null // a broken escape
  }
}
