import { getRequest } from '@tanstack/react-start/server'
import { type Caller, callerOf } from '../auth/index.ts'
import { type AppContext, context } from '../context.ts'
import { AppError, type ErrorBody, errorBody } from '../errors.ts'

/** What a server function answers: a refusal is a value, because errors lose their code on the way to the browser. */
export type Answer<T> = { ok: true; value: T } | ({ ok: false } & ErrorBody)

/** Runs a server function's work as its caller; every refusal is one log line. */
export async function asCaller<T>(
  name: string,
  work: (ctx: AppContext, caller: Caller) => Promise<T>,
): Promise<Answer<T>> {
  const ctx = context()
  try {
    return { ok: true, value: await work(ctx, await callerOf(getRequest())) }
  } catch (error) {
    const refusal =
      error instanceof AppError
        ? error
        : new AppError('unavailable', 'Something went wrong on the server. Try again.')
    if (refusal === error)
      ctx.log.info({ function: name, code: refusal.code, reason: refusal.message }, 'refused')
    else ctx.log.error({ function: name, err: error }, 'failed')
    return { ok: false, ...errorBody(refusal) }
  }
}
