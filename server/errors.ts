/** The closed set of codes that a caller can meet. Clients switch on the code, never on the text. */
export type ErrorCode =
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'invalid'
  | 'conflict'
  | 'rate_limited'
  | 'too_large'
  | 'unavailable'

export const STATUS: Record<ErrorCode, number> = {
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  invalid: 400,
  conflict: 409,
  rate_limited: 429,
  too_large: 413,
  unavailable: 503,
}

const MARK = Symbol.for('throughline.AppError')

/** An error meant for the caller: its message says what happened and what to do, and gives nothing away. */
export class AppError extends Error {
  override name = 'AppError'
  readonly [MARK] = true
  readonly code: ErrorCode
  /** For `invalid`: what is wrong, by field. */
  readonly fields: Record<string, string[]> | undefined
  /** For `unavailable`: when to come back, in seconds, where that is known. */
  readonly retryAfter: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; fields?: Record<string, string[]>; retryAfter?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fields = options.fields
    this.retryAfter = options.retryAfter
  }

  // The app's bundle and what runs beside it have a copy of this class each, and hand errors to one another.
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && MARK in value
  }
}

export interface ErrorBody {
  error: { code: ErrorCode; message: string; fields?: Record<string, string[]> }
}

export function errorBody(error: AppError): ErrorBody {
  const { code, message, fields } = error
  return { error: fields ? { code, message, fields } : { code, message } }
}

export function errorResponse(error: AppError, headers: HeadersInit = {}): Response {
  return Response.json(errorBody(error), {
    status: STATUS[error.code],
    headers: { 'cache-control': 'private, no-store', ...Object.fromEntries(new Headers(headers)) },
  })
}

/** The value, or a crash that says why it had to be there: for states that cannot be. */
export function must<T>(value: T | null | undefined, why: string): T {
  if (value === null || value === undefined) throw new Error(`Impossible: ${why}`)
  return value
}
