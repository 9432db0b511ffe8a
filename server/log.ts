import { DrizzleQueryError } from 'drizzle-orm'
import { DatabaseError } from 'pg'
import pino, { type DestinationStream, type Logger } from 'pino'

export type { Logger }

const MAX_REASON = 500

/** One JSON line an event on standard output. What a caller typed goes in as a value, so it cannot forge a line. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['token', 'password', 'secret', 'authorization', 'cookie'],
    serializers: { err: logged, reason: cutReason, path: cutReason },
  }
  return destination ? pino(options, destination) : pino(options)
}

const cutReason = (text: unknown) => cut(text, MAX_REASON)

/** What a caller sent, short enough for a log line or an answer; of anything but plain values only the kind. */
export function cut(value: unknown, length = 100): string {
  if (typeof value === 'string') return value.slice(0, length)
  return value !== null && typeof value === 'object' ? `(${typeof value})` : String(value).slice(0, length)
}

interface LoggedError {
  name: string
  message?: string
  code?: unknown
  constraint?: unknown
  stack?: string
  cause?: LoggedError
}

const MAX_CAUSES = 10

/**
 * An error along the chain of its causes. Messages of and around a database's errors stay out: they hold parameters
 * of the statement, which is what people wrote.
 */
function logged(error: unknown, causes = MAX_CAUSES): LoggedError {
  if (!(error instanceof Error)) return { name: typeof error }
  const { code, constraint } = error as { code?: unknown; constraint?: unknown } // as pg and Node name them
  return {
    name: error.name === 'Error' ? error.constructor.name : error.name,
    ...(!isOfDatabase(error) && { message: cutReason(error.message) }),
    ...(typeof code === 'string' && { code }),
    ...(typeof constraint === 'string' && { constraint }),
    stack: framesOf(error),
    ...(error.cause !== undefined && causes > 0 && { cause: logged(error.cause, causes - 1) }),
  }
}

function isOfDatabase(error: unknown, causes = MAX_CAUSES): boolean {
  if (!(error instanceof Error) || causes === 0) return false
  if (error instanceof DrizzleQueryError || error instanceof DatabaseError) return true
  return isOfDatabase(error.cause, causes - 1)
}

/** The stack begins with the message, whose lines can look like frames. */
function framesOf({ stack = '', message }: Error): string {
  const at = stack.indexOf(message)
  return at < 0 ? '' : stack.slice(at + message.length).trim()
}
