import { isConnectionLost } from '#db/client.ts'
import { AppError } from './errors.ts'

const MAX_CAUSES = 10

/** The answer to an error that says what happened, whatever a library wrapped it in. Undefined for what nobody expected. */
export function knownError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error
  for (const cause of chainOf(error)) {
    if (isConnectionLost(cause)) {
      const message = 'The database is away or restarting. Try again in a moment.'
      return new AppError('unavailable', message, { cause: error })
    }
    // From srvx, which counts every body (main.ts).
    if ('code' in cause && cause.code === 'ERR_BODY_TOO_LARGE') {
      return new AppError('too_large', 'The body is too large. Send less at once.', { cause: error })
    }
  }
  return undefined
}

function chainOf(error: unknown): Error[] {
  const chain: Error[] = []
  for (let each = error; each instanceof Error && chain.length < MAX_CAUSES; each = each.cause)
    chain.push(each)
  return chain
}
