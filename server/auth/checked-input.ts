import type * as z from 'zod/mini'
import { AppError } from '../errors.ts'
import { jsonBody } from '../http.ts'
import { fieldsOf } from '../mutations/validate.ts'

/** @throws AppError invalid or too_large unless the body is JSON of this schema. */
export async function inputOf<T>(request: Request, schema: z.ZodMiniType<T>): Promise<T> {
  // Pages of other sites can send text/plain without asking first; the guard refuses them, and so does this.
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? '')) {
    throw new AppError('invalid', 'Send JSON with the header "content-type: application/json".')
  }
  return checked(await jsonBody(request), schema)
}

/** @throws AppError invalid naming what is wrong by field. */
export function checked<T>(input: unknown, schema: z.ZodMiniType<T>): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const fields = fieldsOf(result.error)
  const problems = Object.entries(fields).map(([name, messages]) => `${name} ${messages.join(', ')}`)
  throw new AppError('invalid', `This was not understood: ${problems.join('; ')}.`, { fields })
}
