import { DrizzleQueryError } from 'drizzle-orm'
import { DatabaseError } from 'pg'
import { isConnectionLost } from '#db/client.ts'
import { notFound } from '../access.ts'
import { AppError } from '../errors.ts'

/** Trying the whole transaction again can end differently. */
export function isWorthRetrying(error: unknown): boolean {
  const { code, constraint } = reasonOf(error)
  // An id taken by a transaction that committed after we looked: the next look finds the row.
  if (code === '23505') return isPrimaryKey(constraint)
  return code === '40001' || code === '40P01'
}

/** What Postgres refused, as the answer that the caller gets; other errors as they are. */
export function asRefusal(error: unknown): unknown {
  const { code, constraint } = reasonOf(error)
  const options = { cause: error }
  if (code === '23505' && isPrimaryKey(constraint)) return notFound()
  if (code === '23505' && constraint === 'sessions_identity') {
    const message = 'The next owner already has a session of this log. Choose another owner.'
    return new AppError('conflict', message, options)
  }
  if (code === '23505') return new AppError('conflict', 'Something by this name is there already.', options)
  if (code === '23503') return notFound()
  if (code === '23514' || code?.startsWith('22') || code === '54001') {
    return new AppError('invalid', 'The database does not accept these values.', options)
  }
  if (isWorthRetrying(error) || isOutOfReach(code)) {
    const message = 'The database is busy or restarting. Send the change again with the same id.'
    return new AppError('unavailable', message, options)
  }
  return error
}

function reasonOf(error: unknown): { code?: string | undefined; constraint?: string | undefined } {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (cause instanceof DatabaseError) return { code: cause.code, constraint: cause.constraint }
  if (isConnectionLost(cause)) return { code: cause.code }
  return {}
}

function isPrimaryKey(constraint: string | undefined): boolean {
  return constraint?.endsWith('_pkey') ?? false
}

/** Connections (08), resources (53), and a server that stops or starts (57). */
function isOutOfReach(code = ''): boolean {
  return /^(08|53|57P0)/.test(code)
}
