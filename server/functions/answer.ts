import type { AppContext } from '../context.ts'
import { type ErrorBody, errorBody } from '../errors.ts'
import { reportFailure, UNEXPECTED } from '../known-error.ts'

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
    const known = reportFailure(log, { function: name }, error, false)
    return { ok: false, ...(known ? errorBody(known) : UNEXPECTED) }
  }
}
