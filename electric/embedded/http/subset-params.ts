import { invalidRequest, ProtocolError } from './protocol-error.ts'
import type { QueryMap } from './query-params.ts'

/** Part of a shape's rows, as it is asked for. */
export interface SubsetParams {
  readonly where: string | null
  readonly params: Readonly<Record<string, string>>
  readonly orderBy: string | null
  readonly limit: number | null
  readonly offset: number | null
}

/** The same as it came, from a query string or as JSON. */
export type RawSubset = ReadonlyMap<string, unknown>

// Expressions are what the client made the SQL from; the SQL is all that counts.
const KEYS = ['where', 'params', 'order_by', 'limit', 'offset', 'where_expr', 'order_by_expr']
const PREFIX = 'subset__'

/**
 * @returns null when the query asks for no subset.
 * @throws ProtocolError 400
 */
export function subsetOfQuery(query: QueryMap): RawSubset | null {
  const nested = query.get('subset')
  if (typeof nested === 'string' && nested !== '') throw invalidRequest('subset', 'is invalid')
  const flat = [...query].filter(([key]) => key.startsWith(PREFIX))
  if (flat.length === 0 && !(nested instanceof Map)) return null
  const subset = new Map<string, unknown>(nested instanceof Map ? nested : [])
  for (const [key, value] of flat) subset.set(key.slice(PREFIX.length), value)
  return subset
}

/**
 * Of a POST body the subset's keys and no others. The real service lets every other key override the query
 * string, its table and filter too: whoever hands a client's body on then hands on a shape of the client's choice.
 * @returns null when there are none.
 */
export function subsetOfBody(body: Readonly<Record<string, unknown>>): RawSubset | null {
  const nested = Object.hasOwn(body, 'subset') && isObject(body.subset) ? body.subset : null
  const given = [...pick(body), ...(nested ? pick(nested) : [])]
  return given.length > 0 || nested ? new Map(given) : null
}

function pick(from: Readonly<Record<string, unknown>>): [string, unknown][] {
  return KEYS.filter((key) => Object.hasOwn(from, key)).map((key) => [key, from[key]])
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws ProtocolError 400 with all errors, under `subset`. */
export function castSubset(raw: RawSubset): SubsetParams {
  const errors: Record<string, string[]> = {}
  const cast = <Value>(key: string, read: (value: unknown) => Value): Value | null => {
    const value = raw.get(key)
    if (value === undefined || value === null || value === '') return null
    try {
      return read(value)
    } catch (error) {
      if (!(error instanceof CastError)) throw error
      errors[key] = [error.message]
      return null
    }
  }
  const subset = {
    where: cast('where', castText),
    params: cast('params', castParams) ?? {},
    orderBy: cast('order_by', castText),
    limit: cast('limit', castInteger),
    offset: cast('offset', castInteger),
  }
  if (Object.keys(errors).length === 0) return subset
  throw new ProtocolError(400, { message: 'Invalid request', errors: { subset: errors } })
}

class CastError extends Error {
  override name = 'CastError'
}

function castText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new CastError('is invalid')
}

function castInteger(value: unknown): number {
  const number = typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new CastError('is invalid')
}

function castParams(value: unknown): Readonly<Record<string, string>> {
  const params = typeof value === 'string' ? parseParams(value) : value
  if (!isObject(params)) throw new CastError('params must be a JSON object')
  const entries: [string, unknown][] = params instanceof Map ? [...params] : Object.entries(params)
  return Object.fromEntries(entries.map(([key, each]) => [key, paramText(each)]))
}

function parseParams(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CastError('params must be valid JSON')
  }
}

function paramText(value: unknown): string {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  // A long integer has lost digits on its way through JSON, and would name another row.
  if (typeof value === 'number' && !(Number.isInteger(value) && !Number.isSafeInteger(value)))
    return String(value)
  throw new CastError('is invalid')
}
