import { AppError } from '#server/errors.ts'

/** Electric cannot answer. Nothing of its address or of the secret may be in what is told of it. */
export function unavailable(cause?: unknown, retryAfter = '1'): AppError {
  const message = 'Live data is not available at the moment. It is tried again by itself.'
  return new AppError('unavailable', message, { cause, retryAfter })
}
