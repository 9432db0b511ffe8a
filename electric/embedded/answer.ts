import type { HeaderMap } from './protocol-error.ts'

/** A finished response, but for what every response has. */
export interface Answer {
  readonly status: number
  readonly headers: HeaderMap
  readonly body: Buffer | null
}

const JSON_TYPE = 'application/json; charset=utf-8'

export function jsonAnswer(status: number, body: unknown, headers: HeaderMap = {}): Answer {
  const caching: HeaderMap =
    status >= 400 ? { 'cache-control': 'no-store', 'surrogate-control': 'no-store' } : {}
  // Only a 409 may be kept for a while; it brings its own words about that.
  const isCacheable = 'cache-control' in headers
  return {
    status,
    headers: { 'content-type': JSON_TYPE, ...(isCacheable ? {} : caching), ...headers },
    body: Buffer.from(JSON.stringify(body)),
  }
}

export function messagesAnswer(body: Buffer, headers: HeaderMap): Answer {
  return { status: 200, headers: { 'content-type': JSON_TYPE, ...headers }, body }
}
