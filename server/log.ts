import pino, { type Logger } from 'pino'

export type { Logger }

/** One JSON line an event on standard output. What a caller typed goes in as a value, so it cannot forge a line. */
export function createLog(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['token', 'password', 'secret', 'authorization', 'cookie'],
  })
}
