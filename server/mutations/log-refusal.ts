import type { AppError } from '../errors.ts'
import { cut, type Logger } from '../log.ts'

/** One line for each mutation that was refused; what a caller typed is a value in it, cut to a bounded length. */
export function logRefusal(log: Logger) {
  return (error: AppError, { id, name }: { id: unknown; name: unknown }): void => {
    const mutation = { id: cut(id), name: cut(name) }
    log.info({ mutation, code: error.code, reason: error.message }, 'refused')
  }
}
