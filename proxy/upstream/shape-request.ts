import type { Shape } from '#electric/shapes/index.ts'
import type { Env } from '#server/env.ts'

/** Where a caller stands in a shape's log: the only things of hers that go upstream. */
export const POSITION_PARAMS = [
  'cache-buster',
  'cursor',
  'expired_handle',
  'handle',
  'live',
  'log',
  'offset',
] as const

export type Position = Partial<Record<(typeof POSITION_PARAMS)[number], string>>

/** One question to Electric: definition and scope from constants and a verified claim, position from the caller. */
export interface ShapeRequest {
  /** Callers whose requests have the same key may be given the same answer. */
  readonly key: string
  /** Of one shape in one scope. */
  readonly scopeKey: string
  readonly isLive: boolean
  readonly position: Position
  /** Path and query, which hold the secret: nothing of it may get into an answer or a log. */
  path(): string
}

type ElectricEnv = Pick<Env, 'ELECTRIC_URL' | 'ELECTRIC_SECRET'>

export function shapeRequest(
  env: ElectricEnv,
  shape: Shape,
  scopeId: string,
  position: Position,
): ShapeRequest {
  const { handle, offset, live = 'false', log = 'full' } = position
  const scopeKey = `${shape.table} ${scopeId}`
  // What else there may be does not change an answer. At the beginning of a log its handle does not either.
  const isFirst = offset === '-1' || offset === 'now'
  const decisive = { live, log, ...(offset && { offset }), ...(handle && !isFirst && { handle }) }
  return {
    key: `${scopeKey}?${queryOf(decisive)}`,
    scopeKey,
    isLive: live !== 'false',
    position,
    // Only for the few that are asked, not for each of those that wait for the same.
    path: () =>
      `${basePath(env)}${queryOf(position)}${definitionOf(env, shape)}&params%5B1%5D=${encodeURIComponent(scopeId)}`,
  }
}

/** The same as one address, for whoever measures Electric beside the proxy. */
export function shapeUrl(env: ElectricEnv, shape: Shape, scopeId: string, position: Position): string {
  return new URL(shapeRequest(env, shape, scopeId, position).path(), env.ELECTRIC_URL).href
}

function basePath({ ELECTRIC_URL }: ElectricEnv): string {
  const { pathname } = new URL(ELECTRIC_URL)
  return `${pathname.endsWith('/') ? pathname : `${pathname}/`}v1/shape?`
}

function queryOf(position: Position): string {
  let query = ''
  for (const [name, value] of Object.entries(position)) query += `${name}=${encodeURIComponent(value)}&`
  return query
}

const definitions = new WeakMap<Shape, string>()

function definitionOf({ ELECTRIC_SECRET }: ElectricEnv, shape: Shape): string {
  const known = definitions.get(shape) ?? new URLSearchParams(paramsOf(shape)).toString()
  definitions.set(shape, known)
  return `${known}&secret=${encodeURIComponent(ELECTRIC_SECRET)}`
}

function paramsOf(shape: Shape): Record<string, string> {
  return {
    table: shape.table,
    columns: shape.columns.map(quoted).join(','),
    where: `${quoted(shape.scopeColumn)} = $1`,
  }
}

// Always quoted: column names then mean the same whatever they are.
function quoted(column: string): string {
  return `"${column.replaceAll('"', '""')}"`
}
