import {
  IdentifierError,
  parseColumnList,
  parseRelationName,
  type RelationName,
} from '../catalog/identifiers.ts'
import type { DefinitionRequest } from '../catalog/shape-definition.ts'
import { parseOffset, type RequestedOffset } from '../shape/offsets.ts'
import { invalidRequest, invalidRequests } from './protocol-error.ts'
import type { QueryMap } from './query-params.ts'
import { type RawSubset, subsetOfQuery } from './subset-params.ts'

export interface ShapeRequest {
  readonly table: RelationName
  readonly where: string | null
  readonly params: ReadonlyMap<number, string>
  readonly columns: readonly string[] | null
  /** What a subset may filter and order by; the columns too, where those are not given. */
  readonly queryableColumns: readonly string[] | null
  readonly replica: 'default' | 'full'
  readonly log: 'full' | 'changes_only'
  readonly offset: RequestedOffset
  /** Null when the offset starts from scratch. */
  readonly handle: string | null
  readonly isLive: boolean
  /** A live read that stays open and sends each change as an event. */
  readonly isSse: boolean
  /** No cache keeps what is posted. */
  readonly isPost: boolean
  readonly cursor: string | null
  /** Null for a read of the log. Its values are checked after the shape's own. */
  readonly subset: RawSubset | null
}

type Errors = Record<string, string[]>
type Cast = ReturnType<typeof castParameters>

/**
 * Checks everything that needs no database, in the protocol's order: the first step that fails ends it.
 * @param post what its body says of a subset; the query string's own goes before it.
 * @throws ProtocolError 400
 */
export function parseShapeRequest(
  query: QueryMap,
  post: { readonly subset: RawSubset | null } | null = null,
): ShapeRequest {
  const cast = castParameters(query)
  const offset = requireOffset(cast.offset)
  const isFromScratch = offset === 'before-all' || offset === 'now'
  if (!isFromScratch && cast.handle === null) {
    throw invalidRequest('handle', "can't be blank when offset != -1")
  }
  if (cast.isLive && offset === 'before-all') throw invalidRequest('live', "can't be true when offset == -1")
  if (cast.isLive && offset === 'now') throw invalidRequest('live', "can't be true when offset is 'now'")
  if (cast.isSse && !cast.isLive) throw invalidRequest('live_sse', "can't be true unless live is also true")
  const inQuery = subsetOfQuery(query)
  return {
    ...cast,
    offset,
    handle: isFromScratch ? null : cast.handle,
    table: requireTable(cast.table),
    isPost: post !== null,
    subset: inQuery || post?.subset ? new Map([...(post?.subset ?? []), ...(inQuery ?? [])]) : null,
  }
}

/**
 * A shape to end is named by its definition, its handle, or both.
 * @throws ProtocolError 400
 */
export function parseDeletion(query: QueryMap): {
  definition: DefinitionRequest | null
  handle: string | null
} {
  const cast = castParameters(query)
  if (cast.table !== null)
    return { definition: { ...cast, table: requireTable(cast.table) }, handle: cast.handle }
  if (cast.handle !== null) return { definition: null, handle: cast.handle }
  throw invalidRequest('handle', "can't be blank when shape definition is missing")
}

function castParameters(query: QueryMap) {
  const errors: Errors = {}
  const cast = {
    columns: castColumns(query, 'columns', errors),
    cursor: castText(query, 'cursor', errors),
    handle: castText(query, 'handle', errors),
    isLive: isTrue(query, 'live'),
    isSse: isTrue(query, query.has('live_sse') ? 'live_sse' : 'experimental_live_sse'),
    log: castChoice(query, 'log', ['full', 'changes_only'], errors),
    offset: castText(query, 'offset', errors),
    params: castParams(query, errors),
    queryableColumns: castColumns(query, 'queryable_columns', errors),
    replica: castChoice(query, 'replica', ['default', 'full'], errors),
    table: castText(query, 'table', errors),
    where: castText(query, 'where', errors),
  }
  castChoice(query, 'experimental_compaction', ['false', 'true', '0', '1'], errors)
  if (Object.keys(errors).length > 0) throw invalidRequests(errors)
  return cast
}

// Anything but the word "false" is true, also `live=` and a bare `live`.
function isTrue(query: QueryMap, key: string): boolean {
  return query.has(key) && query.get(key) !== 'false'
}

// An empty value counts as not supplied.
function castText(query: QueryMap, key: string, errors: Errors): string | null {
  const value = query.get(key)
  if (value instanceof Map) errors[key] = ['is invalid']
  return typeof value === 'string' && value !== '' ? value : null
}

function castColumns(query: QueryMap, key: string, errors: Errors): readonly string[] | null {
  const text = castText(query, key, errors)
  if (text === null) return null
  try {
    return [...new Set(parseColumnList(text))]
  } catch (error) {
    if (!(error instanceof IdentifierError)) throw error
    errors[key] = [error.message]
    return null
  }
}

function castChoice<const Choice extends string>(
  query: QueryMap,
  key: string,
  choices: readonly [Choice, ...Choice[]],
  errors: Errors,
): Choice {
  const text = castText(query, key, errors)
  const choice = text === null ? choices[0] : choices.find((each) => each === text)
  if (choice === undefined) errors[key] = ['is invalid']
  return choice ?? choices[0]
}

function castParams(query: QueryMap, errors: Errors): ReadonlyMap<number, string> {
  const params = new Map<number, string>()
  const given = query.get('params')
  if (typeof given === 'string' && given !== '') errors.params = ['is invalid']
  if (!(given instanceof Map)) return params
  for (const [key, value] of given) {
    if (typeof value !== 'string') errors.params = ['is invalid']
    else if (/^\d{1,9}$/.test(key)) params.set(Number(key), value)
    else errors.params = ['Parameters can only use numbers as keys']
  }
  const isSequential = [...params.keys()].every((key) => key >= 1 && key <= params.size)
  if (!errors.params && !isSequential) {
    errors.params = ['Parameters must be numbered sequentially, starting from 1']
  }
  return params
}

function requireOffset(text: Cast['offset']): RequestedOffset {
  if (text === null) throw invalidRequest('offset', "can't be blank")
  const offset = parseOffset(text)
  if (offset === null) throw invalidRequest('offset', 'has invalid format')
  return offset
}

function requireTable(text: Cast['table']): RelationName {
  if (text === null) throw invalidRequest('table', "can't be blank")
  try {
    return parseRelationName(text)
  } catch (error) {
    throw error instanceof IdentifierError ? invalidRequest('table', error.message) : error
  }
}
