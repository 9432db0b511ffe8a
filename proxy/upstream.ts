import type { Shape } from '#electric/shapes/index.ts'
import type { Env } from '#server/env.ts'
import { AppError } from '#server/errors.ts'
import type { ProxyContext } from './process-state.ts'

/** What a browser may see of Electric's answer; everything else stays here. */
const PASSED_HEADERS = [
  'content-type',
  'electric-cursor',
  'electric-handle',
  'electric-has-data',
  'electric-offset',
  'electric-schema',
  'electric-snapshot',
  'electric-up-to-date',
  'retry-after',
]

/**
 * Electric's URL for a shape: definition and scope from constants and a verified claim, position from the caller.
 * @param position only names that the caller may choose.
 */
export function upstreamUrl(
  env: Pick<Env, 'ELECTRIC_URL' | 'ELECTRIC_SECRET'>,
  shape: Shape,
  scopeId: string,
  position: Iterable<[string, string]>,
): URL {
  const base = env.ELECTRIC_URL.endsWith('/') ? env.ELECTRIC_URL : `${env.ELECTRIC_URL}/`
  const url = new URL('v1/shape', base)
  for (const [name, value] of position) url.searchParams.set(name, value)
  // After the caller's, so that nothing of hers could stand in their place.
  url.searchParams.set('table', shape.table)
  url.searchParams.set('columns', shape.columns.map(quoted).join(','))
  url.searchParams.set('where', `${quoted(shape.scopeColumn)} = $1`)
  url.searchParams.set('params[1]', scopeId)
  url.searchParams.set('secret', env.ELECTRIC_SECRET)
  return url
}

/** What Electric says, ready to be handed on: 200 or 409. */
export interface UpstreamAnswer {
  status: number
  headers: Headers
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null
}

/**
 * Asks Electric. The URL never appears in an error: it holds the secret.
 * @throws AppError invalid when the caller's position is malformed, unavailable when Electric cannot answer;
 * or the signal's reason once it is aborted.
 */
export async function askUpstream(
  ctx: Pick<ProxyContext, 'log'>,
  url: URL,
  signal: AbortSignal,
): Promise<UpstreamAnswer> {
  const response = await connect(url, signal)
  if (response.status === 200 || response.status === 409) {
    return { status: response.status, headers: passedHeaders(response.headers), body: response.body }
  }
  if (response.status === 400) return refusedPosition(ctx, response)
  await response.body?.cancel()
  const retryAfter = response.headers.get('retry-after')
  ctx.log.warn({ upstream_status: response.status }, 'Electric did not answer')
  throw unreachable(undefined, retryAfter)
}

async function connect(url: URL, signal: AbortSignal) {
  // Identity: the service is near, and what is not packed need not be unpacked here.
  const headers = { 'accept-encoding': 'identity' }
  try {
    return await fetch(url, { headers, signal, redirect: 'error' })
  } catch (error) {
    signal.throwIfAborted()
    throw unreachable(error)
  }
}

const POSITION_ERRORS = ['offset', 'handle', 'live', 'log']

async function refusedPosition(ctx: Pick<ProxyContext, 'log'>, response: Response): Promise<UpstreamAnswer> {
  const errors = await readErrors(response)
  // Electric has lost the end of this log, as after its folder was deleted: for the client that is a shape that is gone.
  if (errors.offset?.includes('out of bounds for this shape')) return mustRefetch()
  const fields = Object.keys(errors)
  if (fields.length > 0 && fields.every((field) => POSITION_ERRORS.includes(field))) {
    throw new AppError('invalid', 'The position is not one that Electric gave.', { fields: errors })
  }
  ctx.log.error({ upstream_status: 400, fields }, 'Electric refused the definition of a shape')
  throw unreachable()
}

async function readErrors(response: Response): Promise<Record<string, string[]>> {
  const body: unknown = await response.json().catch(() => undefined)
  if (typeof body !== 'object' || body === null || !('errors' in body)) return {}
  const { errors } = body
  if (typeof errors !== 'object' || errors === null) return {}
  return Object.fromEntries(
    Object.entries(errors).filter((entry): entry is [string, string[]] => Array.isArray(entry[1])),
  )
}

function mustRefetch(): UpstreamAnswer {
  const body = new Response('[{"headers":{"control":"must-refetch"}}]').body
  return { status: 409, headers: new Headers({ 'content-type': 'application/json' }), body }
}

function passedHeaders(from: Headers): Headers {
  const headers = new Headers()
  for (const name of PASSED_HEADERS) {
    const value = from.get(name)
    if (value !== null) headers.set(name, value)
  }
  return headers
}

/** An AppError that also knows when to come back. */
export class Unavailable extends AppError {
  readonly retryAfter: string

  constructor(cause: unknown, retryAfter: string) {
    super('unavailable', 'Live data is not available at the moment. It is tried again by itself.', { cause })
    this.retryAfter = retryAfter
  }
}

function unreachable(cause?: unknown, retryAfter?: string | null): Unavailable {
  return new Unavailable(cause, retryAfter && /^\d{1,3}$/.test(retryAfter) ? retryAfter : '1')
}

// Always quoted: column names then mean the same whatever they are.
function quoted(column: string): string {
  return `"${column.replaceAll('"', '""')}"`
}
