import { isConnectionLost } from '#db/client.ts'
import { AppError, type ErrorBody } from './errors.ts'
import type { Logger } from './log.ts'

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

/** What the caller is told of everything that is not known: nothing of it. */
export const UNEXPECTED: ErrorBody = {
  error: { code: 'unavailable', message: 'Something went wrong on the server. Try again.' },
}

/**
 * One log line for a request that failed.
 * @param isGone a caller that went away is nobody to answer and nothing to report.
 * @returns what is known of the error, as `knownError` does.
 */
export function reportFailure(
  log: Logger,
  asked: { method: string | undefined; path: string } | { function: string },
  error: unknown,
  isGone: boolean,
): AppError | undefined {
  const known = knownError(error)
  if (known) log.info({ ...asked, code: known.code, reason: known.message }, 'refused')
  else if (!isGone) log.error({ ...asked, err: error }, 'failed')
  return known
}

function chainOf(error: unknown): Error[] {
  const chain: Error[] = []
  for (let each = error; each instanceof Error && chain.length < MAX_CAUSES; each = each.cause)
    chain.push(each)
  return chain
}
