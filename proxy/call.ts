import { IncomingMessage, type ServerResponse } from 'node:http'
import { constants, type Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'
import { apiSecurityHeaders } from '#server/auth/security-headers.ts'
import { type AppError, errorBody, STATUS } from '#server/errors.ts'
import { reportFailure, UNEXPECTED } from '#server/known-error.ts'
import { countError, type ProxyCounts } from './metrics.ts'
import type { ProxyContext } from './process-state.ts'

export type NodeRequest = IncomingMessage | Http2ServerRequest
/** Their common part, as the same calls: the types of the two are no union that can be called. */
export type NodeResponse = Pick<
  ServerResponse,
  | 'writableLength'
  | 'headersSent'
  | 'write'
  | 'end'
  | 'destroy'
  | 'once'
  | 'on'
  | 'cork'
  | 'uncork'
  | 'flushHeaders'
> & {
  writeHead(status: number, headers: Record<string, string | number>): unknown
  /** HTTP/2's has no such word. */
  destroyed?: boolean
}

/** One request to the proxy and the way to answer it. */
export class Call {
  readonly ctx: ProxyContext
  readonly request: NodeRequest
  readonly response: NodeResponse
  readonly #stream: ServerHttp2Stream | undefined
  /** From when it is known where to count. */
  counts: ProxyCounts | undefined

  constructor(ctx: ProxyContext, request: NodeRequest, response: ServerResponse | Http2ServerResponse) {
    this.ctx = ctx
    this.request = request
    this.response = response as NodeResponse // both have all of it that is not optional
    this.#stream = response instanceof Http2ServerResponse ? response.stream : undefined
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number>>): void {
    // Nobody may keep a copy: who may read something is decided each time.
    const always = { 'cache-control': 'private, no-store' }
    this.response.writeHead(status, { ...always, ...headers, ...apiSecurityHeaders(this.ctx.env) })
  }

  /** Thousands wait: what was read of each is not kept for as long as that takes. */
  forgetHeaders(): void {
    if (!(this.request instanceof IncomingMessage)) return
    this.request.rawHeaders = []
    this.request.headers = NO_HEADERS
    forgetSentHead(this.response)
  }

  /** Its caller has left. HTTP/2's response does not know of it, and its end is not told a second time. */
  get isGone(): boolean {
    return this.#stream?.destroyed ?? this.response.destroyed ?? false
  }

  /** So that the reader sees that it is not whole: over HTTP/2 a stream that is merely destroyed ends as if it were. */
  breakOff(): void {
    if (this.#stream) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    else this.response.destroy()
  }

  /** An AppError becomes its documented answer, anything else a 500 that gives nothing away; one log line each. */
  fail(error: unknown): void {
    const { method } = this.request
    const path = pathToLog(this.request.url)
    const known = reportFailure(this.ctx.log, { method, path }, error, this.isGone)
    if (this.counts) countError(this.counts, known?.code ?? 'unexpected')
    if (this.isGone) return
    if (this.response.headersSent) this.breakOff()
    else this.#writeError(known)
  }

  #writeError(known: AppError | undefined): void {
    const text = JSON.stringify(known ? errorBody(known) : UNEXPECTED)
    this.writeHead(known ? STATUS[known.code] : 500, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...(known?.retryAfter && { 'retry-after': known.retryAfter }),
    })
    this.response.end(text)
  }
}

/** What stands in a query was not meant for a log, and whoever knows a stream's name may change it. */
export function pathToLog(url = ''): string {
  const [path = ''] = url.split('?', 1)
  return path.replace(/^(\/api\/live\/).*/, '$1…')
}

/** Node keeps the text of a head that it has sent, though it only ever asks whether there was one. */
function forgetSentHead(response: object): void {
  if ('_headerSent' in response && response._headerSent === true && '_header' in response) {
    response._header = 'sent'
  }
}

// Written to by nobody.
const NO_HEADERS = Object.freeze({})
