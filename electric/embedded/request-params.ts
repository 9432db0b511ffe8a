import { IdentifierError, parseColumnList, parseRelationName, type RelationName } from './identifiers.ts'
import { parseOffset, type RequestedOffset } from './offsets.ts'
import { invalidRequest, invalidRequests, unsupported } from './protocol-error.ts'

export interface ShapeRequest {
  readonly table: RelationName
  readonly offset: RequestedOffset
  /** Null when the offset starts from scratch. */
  readonly handle: string | null
  readonly isLive: boolean
  readonly cursor: string | null
  readonly where: string | null
  readonly params: ReadonlyMap<number, string>
  readonly columns: readonly string[] | null
  readonly replica: 'default' | 'full'
  readonly log: 'full' | 'changes_only'
}

type Errors = Record<string, string[]>

const SSE_KEYS = ['live_sse', 'experimental_live_sse']
const PARAM_KEY = /^params\[(.*)\]$/s

/**
 * Checks everything that needs no database, in the protocol's order: the first step that fails ends it.
 * @throws ProtocolError 400
 */
export function parseShapeRequest(query: URLSearchParams): ShapeRequest {
  refuseSubset(query)
  const cast = castParameters(query)
  const offset = requireOffset(query)
  const isFromScratch = offset === 'before-all' || offset === 'now'
  const handle = isFromScratch ? null : value(query, 'handle')
  if (!isFromScratch && handle === null) throw invalidRequest('handle', "can't be blank when offset != -1")
  if (cast.isLive && offset === 'before-all') throw invalidRequest('live', "can't be true when offset == -1")
  if (cast.isLive && offset === 'now') throw invalidRequest('live', "can't be true when offset is 'now'")
  refuseSse(query, cast.isLive)
  return { ...cast, offset, handle, cursor: value(query, 'cursor'), table: requireTable(query) }
}

// An empty value counts as not supplied.
function value(query: URLSearchParams, key: string): string | null {
  return query.get(key) || null
}

function castParameters(query: URLSearchParams) {
  const errors: Errors = {}
  const columns = castColumns(query, errors)
  const replica = castChoice(query, 'replica', ['default', 'full'], errors)
  const log = castChoice(query, 'log', ['full', 'changes_only'], errors)
  const params = castParams(query, errors)
  if (value(query, 'queryable_columns')) {
    errors.queryable_columns = ['queryable_columns are not supported by the embedded server yet']
  }
  if (Object.keys(errors).length > 0) throw invalidRequests(errors)
  return { columns, replica, log, params, where: value(query, 'where'), isLive: isTrue(query, 'live') }
}

// Anything but the word "false" is true, also `live=` and a bare `live`.
function isTrue(query: URLSearchParams, key: string): boolean {
  return query.has(key) && query.get(key) !== 'false'
}

function castColumns(query: URLSearchParams, errors: Errors): readonly string[] | null {
  const text = value(query, 'columns')
  if (text === null) return null
  try {
    return [...new Set(parseColumnList(text))]
  } catch (error) {
    if (!(error instanceof IdentifierError)) throw error
    errors.columns = [error.message]
    return null
  }
}

function castChoice<const Choice extends string>(
  query: URLSearchParams,
  key: string,
  choices: readonly [Choice, ...Choice[]],
  errors: Errors,
): Choice {
  const text = value(query, key)
  if (text === null) return choices[0]
  const choice = choices.find((each) => each === text)
  if (choice === undefined) errors[key] = ['is invalid']
  return choice ?? choices[0]
}

function castParams(query: URLSearchParams, errors: Errors): ReadonlyMap<number, string> {
  const params = new Map<number, string>()
  for (const [key, text] of query) {
    const number = PARAM_KEY.exec(key)?.[1]
    if (number === undefined) continue
    if (!/^\d{1,9}$/.test(number)) errors.params = ['Parameters can only use numbers as keys']
    params.set(Number(number), text)
  }
  const isSequential = [...params.keys()].every((key) => key >= 1 && key <= params.size)
  if (!errors.params && !isSequential) {
    errors.params = ['Parameters must be numbered sequentially, starting from 1']
  }
  return params
}

function requireOffset(query: URLSearchParams): RequestedOffset {
  const text = value(query, 'offset')
  if (text === null) throw invalidRequest('offset', "can't be blank")
  const offset = parseOffset(text)
  if (offset === null) throw invalidRequest('offset', 'has invalid format')
  return offset
}

function requireTable(query: URLSearchParams): RelationName {
  const text = value(query, 'table')
  if (text === null) throw invalidRequest('table', "can't be blank")
  try {
    return parseRelationName(text)
  } catch (error) {
    throw error instanceof IdentifierError ? invalidRequest('table', error.message) : error
  }
}

function refuseSubset(query: URLSearchParams): void {
  for (const key of query.keys()) {
    if (key.startsWith('subset__') || key.startsWith('subset[')) {
      throw unsupported('subset', 'Subset snapshots are')
    }
  }
}

function refuseSse(query: URLSearchParams, isLive: boolean): void {
  const key = SSE_KEYS.find((each) => query.has(each))
  if (key === undefined || !isTrue(query, key)) return
  if (!isLive) throw invalidRequest('live_sse', "can't be true unless live is also true")
  throw unsupported('live_sse', 'Server-sent events are')
}
