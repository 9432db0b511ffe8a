import type { Body } from './body.ts'
import type { HeaderMap, ProtocolError } from './protocol-error.ts'

/** A finished response, but for what depends on who asked. Whoever asks the same may be given the same one. */
export interface Answer {
  readonly status: number
  readonly headers: HeaderMap
  readonly body: Body | null
}

const JSON_TYPE = 'application/json; charset=utf-8'

export function jsonAnswer(status: number, body: unknown, headers: HeaderMap = {}): Answer {
  return {
    status,
    headers: { 'content-type': JSON_TYPE, ...headers },
    body: Buffer.from(JSON.stringify(body)),
  }
}

export function errorAnswer({ status, body, headers }: ProtocolError): Answer {
  const caching = { 'cache-control': 'no-store', 'surrogate-control': 'no-store' }
  // Only a 409 may be kept for a while; it brings its own words about that.
  return jsonAnswer(status, body, { ...('cache-control' in headers ? {} : caching), ...headers })
}

export function messagesAnswer(body: Body, headers: HeaderMap): Answer {
  // Also where it is not packed: a cache must not hand the packed one to who cannot read it.
  return { status: 200, headers: { 'content-type': JSON_TYPE, ...headers, vary: 'accept-encoding' }, body }
}

export function emptyAnswer(status: number, headers: HeaderMap = {}): Answer {
  return { status, headers, body: null }
}

export const FOR_ONE_CALLER = { 'cache-control': 'max-age=0, private, must-revalidate' }

export const NOT_FOUND: Answer = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...FOR_ONE_CALLER },
  body: Buffer.from('Not found'),
}
