export type HeaderMap = Readonly<Record<string, string>>

/** An answer other than the shape's data; thrown by whatever finds the reason, sent by the HTTP edge. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
  readonly status: number
  readonly body: unknown
  readonly headers: HeaderMap

  constructor(status: number, body: unknown, headers: HeaderMap = {}) {
    super(`${status} ${JSON.stringify(body)}`)
    this.status = status
    this.body = body
    this.headers = headers
  }
}

const KNOWN = { 'electric-internal-known-error': 'true' }

/** 400 with the messages of one parameter. */
export function invalidRequest(parameter: string, ...messages: string[]): ProtocolError {
  return invalidRequests({ [parameter]: messages })
}

export function invalidRequests(errors: Record<string, string[]>): ProtocolError {
  return new ProtocolError(400, { message: 'Invalid request', errors })
}

export function outOfBounds(): ProtocolError {
  return invalidRequest('offset', 'out of bounds for this shape')
}

/** 409: the client drops what it has and starts again, at once on the new shape when there is one. */
export function mustRefetch(newHandle: string | null): ProtocolError {
  const body = [{ headers: { control: 'must-refetch' } }]
  if (newHandle === null) {
    return new ProtocolError(409, body, { 'cache-control': 'public, max-age=1, must-revalidate' })
  }
  return new ProtocolError(409, body, {
    'cache-control': 'public, max-age=60, must-revalidate',
    'electric-handle': newHandle,
    etag: `"${newHandle}::"`,
  })
}

export function notReady(message: string): ProtocolError {
  return new ProtocolError(503, { message }, { 'retry-after': '5' })
}

/** 503 for a reason that an operator can remove: a missing publication, a lock held for long. */
export function snapshotFailed(message: string): ProtocolError {
  return new ProtocolError(503, { message }, { 'retry-after': '10', ...KNOWN })
}

export function databaseUnreachable(): ProtocolError {
  return new ProtocolError(
    503,
    { code: 'database_unreachable', error: 'Database is unreachable' },
    { 'retry-after': '1' },
  )
}
