import { context } from '../context.ts'
import type { AppError } from '../errors.ts'

/** One line for each mutation that was refused; what a caller typed is a value in it, cut to a bounded length. */
export function logRefusal(error: AppError, { id, name }: { id: unknown; name: unknown }): void {
  const mutation = { id: String(id).slice(0, 100), name: String(name).slice(0, 100) }
  context().log.info({ mutation, code: error.code, reason: error.message }, 'refused')
}
