import { errorCode, isDatabaseUnreachable } from '../catalog/database-errors.ts'
import type { Query } from '../catalog/relation-catalog.ts'
import { writeArray } from './array-text.ts'
import { invalidSyntax } from './coercion.ts'
import type { Constant } from './expression.ts'
import { BOOL, INT2, INT4, INT8, type SqlType, TEXT, UUID, VARCHAR } from './types.ts'
import { refuse } from './where-error.ts'

/** Each constant as Postgres prints it. */
export type Resolved = ReadonlyMap<Constant, string | null>

/**
 * Lets Postgres read the constants, so that they are what it takes them for.
 * @throws WhereError for those that it does not accept
 */
export async function resolveConstants(query: Query, constants: readonly Constant[]): Promise<Resolved> {
  const resolved = new Map<Constant, string | null>()
  const asked: Constant[] = []
  for (const constant of constants) {
    const text = readAtOnce(constant)
    if (text === undefined) asked.push(constant)
    else resolved.set(constant, text)
  }
  for (const group of Map.groupBy(asked, castsOf).values()) {
    for (const [index, text] of (await readAll(query, group)).entries()) {
      const constant = group[index]
      if (constant) resolved.set(constant, text)
    }
  }
  return resolved
}

const INTEGER_DIGITS: ReadonlyMap<SqlType, number> = new Map([
  [INT2, 4],
  [INT4, 9],
  [INT8, 18],
])
const UUID_TEXT = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const BOOLEANS: ReadonlyMap<string, string> = new Map([
  ['t', 't'],
  ['true', 't'],
  ['f', 'f'],
  ['false', 'f'],
])

/** @returns undefined where Postgres must be asked */
function readAtOnce(constant: Constant): string | null | undefined {
  const { text, steps, type } = constant
  refuseUnstable(constant)
  if (text === null) return null
  if (steps.length > 1) return undefined
  if (type === TEXT || type === VARCHAR) return text
  if (type === BOOL) return BOOLEANS.get(text)
  if (type === UUID) return UUID_TEXT.test(text) ? text.toLowerCase() : undefined
  const digits = INTEGER_DIGITS.get(type) ?? 0
  return /^(?:0|-?[1-9]\d*)$/.test(text) && text.replace('-', '').length <= digits ? text : undefined
}

// What means another moment each time would make another shape each time; a number of a hundred thousand digits
// takes ten characters to write.
function refuseUnstable({ text, steps, location }: Constant): void {
  if (text === null) return
  const [type] = steps
  const family = (type.element ?? type).family
  const isMoment = (family === 'datetime' || family === 'time') && /now|today|tomorrow|yesterday/i.test(text)
  const isHuge = family === 'number' && /e[+]?0*[1-9]\d{3}/i.test(text)
  if (text.includes('\0') || isMoment || isHuge) refuse(location, invalidSyntax(type, text))
}

function castsOf({ steps }: Constant): string {
  return steps.map(({ sqlName }) => `::pg_catalog.${sqlName}`).join('')
}

// One that fails fails all: halves tell which.
async function readAll(query: Query, constants: readonly Constant[]): Promise<(string | null)[]> {
  const [first] = constants
  if (!first) return []
  const texts = writeArray(constants.map(({ text }) => text))
  try {
    const rows = await query(readingSql(first), [texts])
    return (rows as { value: string | null }[]).map(({ value }) => asStreamed(first.type, value)) // as selected there
  } catch (error) {
    if (isDatabaseUnreachable(error) || !isUnacceptable(error)) throw error
    if (constants.length === 1) return refuseConstant(first, errorCode(error))
    const middle = Math.ceil(constants.length / 2)
    return [
      ...(await readAll(query, constants.slice(0, middle))),
      ...(await readAll(query, constants.slice(middle))),
    ]
  }
}

function readingSql(constant: Constant): string {
  return `
    SELECT (v${castsOf(constant)})::pg_catalog.text AS value
    FROM unnest($1::text::text[]) WITH ORDINALITY AS u(v, n) ORDER BY n`
}

// A boolean is one letter in the stream and a word after a cast to text.
function asStreamed(type: SqlType, text: string | null): string | null {
  return type === BOOL && text !== null ? text.slice(0, 1) : text
}

// Class 22 is data_exception; cannot_coerce.
function isUnacceptable(error: unknown): boolean {
  return /^(22...|42846)$/.test(errorCode(error))
}

function refuseConstant({ text, steps, location }: Constant, code: string): never {
  const [first] = steps
  const last = steps.at(-1) ?? first
  if (code === '42846') refuse(location, `unknown cast from type ${first.name} to type ${last.name}`)
  if (steps.length === 1) refuse(location, invalidSyntax(first, text ?? ''))
  return refuse(location, `could not cast value ${JSON.stringify(text)} from ${first.name} to ${last.name}`)
}
