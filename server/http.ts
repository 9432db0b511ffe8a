import { context } from './context.ts'
import { AppError, errorResponse } from './errors.ts'
import { reportFailure, UNEXPECTED } from './known-error.ts'
import { readJson } from './read-body.ts'

/**
 * The edge of every API route: an AppError becomes its documented answer, anything else a 500 that gives nothing away.
 * Each refusal is one log line.
 */
export async function handle(
  request: Request,
  work: (request: Request) => Promise<Response>,
): Promise<Response> {
  try {
    return await work(request)
  } catch (error) {
    return refusal(request, error)
  }
}

export function refusal(request: Request, error: unknown): Response {
  const { method } = request
  const { pathname: path } = new URL(request.url)
  const known = reportFailure(context().log, { method, path }, error, request.signal.aborted)
  if (known) return errorResponse(known)
  if (request.signal.aborted) return new Response(null, { status: 499 })
  return Response.json(UNEXPECTED, { status: 500, headers: { 'cache-control': 'private, no-store' } })
}

/** @throws AppError method_not_allowed unless the method is one of these. */
export function allowMethods(request: { method?: string | undefined }, ...methods: string[]): void {
  if (!methods.includes(request.method ?? '')) {
    throw new AppError(
      'method_not_allowed',
      `${request.method} is not allowed here; use ${methods.join(' or ')}.`,
    )
  }
}

const MAX_JSON_BYTES = 64 * 1024

/** The body as JSON. @throws AppError invalid, too_large. */
export const jsonBody = (request: Request): Promise<unknown> => readJson(request, MAX_JSON_BYTES)
