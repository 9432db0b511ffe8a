import type { AppContext } from '../context.ts'
import { AppError, type ErrorBody, errorBody } from '../errors.ts'
import { knownError } from '../known-error.ts'

/** What a server function answers: a refusal is a value, because errors lose their code on the way to the browser. */
export type Answer<T> = { ok: true; value: T } | ({ ok: false } & ErrorBody)

/** Answers a server function's work; every refusal is one log line. */
export async function answered<T>(
  { log }: Pick<AppContext, 'log'>,
  name: string,
  work: () => Promise<T>,
): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    const known = knownError(error)
    if (known) log.info({ function: name, code: known.code, reason: known.message }, 'refused')
    else log.error({ function: name, err: error }, 'failed')
    const refusal = known ?? new AppError('unavailable', 'Something went wrong on the server. Try again.')
    return { ok: false, ...errorBody(refusal) }
  }
}
