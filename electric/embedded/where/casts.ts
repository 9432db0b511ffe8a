import { readArray, writeArray } from './array-text.ts'
import type { Cast, Constant, Value } from './expression.ts'
import { withoutPadding } from './order-texts.ts'
import {
  BOOL,
  BPCHAR,
  BYTEA,
  DATE,
  FLOAT4,
  FLOAT8,
  INT2,
  INT4,
  INT8,
  INTERVAL,
  isInteger,
  NUMERIC,
  type SqlType,
  TEXT,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  UUID,
  VARCHAR,
} from './types.ts'
import { refuse } from './where-error.ts'

type Convert = Cast['convert']

const AS_IS: Convert = null

// Casts of a column that can neither fail, which would fail the whole snapshot, nor lose what is printed.
const CASTS: ReadonlyMap<string, Convert> = new Map<string, Convert>([
  ...pairs([INT2, INT4], [INT8, NUMERIC], AS_IS),
  ...pairs([INT2], [INT4], AS_IS),
  ...pairs([INT8], [NUMERIC], AS_IS),
  ...pairs([INT2, INT4, INT8], [FLOAT8], asDouble),
  ...pairs([FLOAT4], [FLOAT8], singleAsDouble),
  ...pairs([INT2, INT4, INT8, NUMERIC, FLOAT4, FLOAT8], [TEXT, VARCHAR], AS_IS),
  ...pairs([UUID, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, BYTEA], [TEXT, VARCHAR], AS_IS),
  ...pairs([TEXT], [VARCHAR], AS_IS),
  ...pairs([VARCHAR], [TEXT], AS_IS),
  ...pairs([TEXT, VARCHAR], [BPCHAR], withoutPadding),
  ...pairs([BPCHAR], [TEXT, VARCHAR], withoutPadding),
  ...pairs([BOOL], [TEXT, VARCHAR], (text) => (text === 't' ? 'true' : 'false')),
  ...pairs([BOOL], [INT4], (text) => (text === 't' ? '1' : '0')),
  ...pairs([INT4], [BOOL], (text) => (text === '0' ? 'f' : 't')),
  ...pairs([TIMESTAMP, TIMESTAMPTZ], [DATE], withoutTime),
  ...pairs([TIMESTAMP], [TIMESTAMPTZ], (text) =>
    isInfinite(text) ? text : text.replace(/( BC)?$/, '+00$1'),
  ),
  ...pairs([TIMESTAMPTZ], [TIMESTAMP], (text) => text.replace('+00', '')),
])

function pairs(
  from: readonly SqlType[],
  to: readonly SqlType[],
  convert: Convert,
): (readonly [string, Convert])[] {
  return from.flatMap((source) => to.map((target) => [`${source.name} ${target.name}`, convert] as const))
}

/** @returns the value in another type; refuses what is not certain. */
export function castValue(value: Value, type: SqlType, location = value.location): Value {
  if (value.type.name === type.name) return value
  if (value.kind === 'constant') return castConstant(value, type)
  const convert = findCast(value.type, type)
  if (convert === undefined || isUnprintable(value)) {
    refuse(location, `unknown cast from type ${value.type.name} to type ${type.name}`)
  }
  return { kind: 'cast', arg: value, type, convert, location }
}

function findCast(from: SqlType, to: SqlType): Convert | undefined {
  if (from.element && to.element) return eachOf(findCast(from.element, to.element))
  if (from === to) return AS_IS
  if (from.family === 'enum' && (to === TEXT || to === VARCHAR)) return AS_IS
  return CASTS.get(`${from.name} ${to.name}`)
}

function eachOf(convert: Convert | undefined): Convert | undefined {
  if (!convert) return convert
  return (text) => writeArray(readArray(text).map((each) => (each === null ? null : convert(each))))
}

function castConstant(constant: Constant, type: SqlType): Constant {
  const { steps, type: from } = constant
  // An integer is written alike in every wider type.
  const isWidening =
    steps.length === 1 && isInteger(from) && type.family === 'number' && type.rank > from.rank
  return { ...constant, type, steps: isWidening && type !== FLOAT4 ? [type] : [...steps, type] }
}

// The number is right, its text is not the one that Postgres prints.
function isUnprintable(value: Value): boolean {
  return value.kind === 'cast' && (value.type.element ?? value.type) === FLOAT8
}

function asDouble(text: string): string {
  return String(Number(text))
}

function singleAsDouble(text: string): string {
  return String(Math.fround(Number(text)))
}

function isInfinite(text: string): boolean {
  return text.endsWith('y')
}

function withoutTime(text: string): string {
  return text.replace(/ [\d:.+]+/, '')
}
