import type * as z from 'zod/mini'
import { AppError } from '../errors.ts'
import { fieldsOf } from '../mutations/validate.ts'

const MAX_BYTES = 16 * 1024

/** @throws AppError invalid or too_large unless the body is JSON of this schema. */
export async function jsonBody<T>(request: Request, schema: z.ZodMiniType<T>): Promise<T> {
  // Pages of other sites can send text/plain without asking first; the guard refuses them, and so does this.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
    throw new AppError('invalid', 'Send JSON with the header "content-type: application/json".')
  }
  return checked(await parsed(request), schema)
}

/** @throws AppError invalid naming what is wrong by field. */
export function checked<T>(input: unknown, schema: z.ZodMiniType<T>): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const fields = fieldsOf(result.error)
  const problems = Object.entries(fields).map(([name, messages]) => `${name} ${messages.join(', ')}`.trim())
  throw new AppError('invalid', `The input is not right: ${problems.join('; ')}.`, { fields })
}

async function parsed(request: Request): Promise<unknown> {
  const text = await request.text()
  if (text.length > MAX_BYTES)
    throw new AppError('too_large', `The body must be at most ${MAX_BYTES / 1024} KB.`)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('invalid', 'The body is not JSON.', { cause })
  }
}
