import { compareDatetimes, compareInstants, microseconds } from './order-datetimes.ts'
import { compareIntervals, intervalKey } from './order-intervals.ts'
import { compareDecimals, compareFloats, decimalKey, floatKey } from './order-numbers.ts'
import { compareAscii, compareTexts, withoutPadding } from './order-texts.ts'
import {
  BOOL,
  BPCHAR,
  BYTEA,
  FLOAT4,
  FLOAT8,
  INTERVAL,
  isInteger,
  NUMERIC,
  type SqlType,
  TEXT,
  TIME,
  UUID,
} from './types.ts'

/** What two values are compared as: how their texts tell which is less, or that they are equal. */
export interface Domain {
  /** What both are cast to first; null where Postgres has an operator for them as they are. */
  readonly castTo: SqlType | null
  /** Both are texts, whose order is a collation's. */
  readonly isCollated: boolean
  /** Equal values are printed alike. */
  readonly isIdentity: boolean
  compare(a: string, b: string): number
  /** The same for equal values, and for no others. */
  key(text: string): string
}

function domain(
  castTo: SqlType | null,
  compare: Domain['compare'],
  key: Domain['key'] | null = null,
  isCollated = false,
): Domain {
  return { castTo, isCollated, isIdentity: key === null, compare, key: key ?? ((text) => text) }
}

const ASCII = domain(null, compareAscii)
const TEXTS = domain(TEXT, compareTexts, null, true)
const PADDED = domain(
  BPCHAR,
  (a, b) => compareTexts(withoutPadding(a), withoutPadding(b)),
  withoutPadding,
  true,
)
const INTEGERS = domain(null, compareDecimals)
const NUMERICS = domain(NUMERIC, compareDecimals, decimalKey)
const FLOATS = domain(FLOAT8, compareFloats, floatKey)
const SINGLES = domain(FLOAT4, compareFloats, floatKey)
const DATETIMES = domain(null, compareDatetimes)
const MIXED_DATETIMES = domain(null, compareInstants, (text) => String(microseconds(text)))
const INTERVALS = domain(null, compareIntervals, intervalKey)

// Their texts are ordered as the values are: f and t, hexadecimal digits, 00:00:00 to 24:00:00.
const AS_PRINTED: ReadonlySet<SqlType> = new Set([BOOL, UUID, TIME, BYTEA])

/** @returns null when Postgres has no operator for the two, or none that is certain to be matched here */
export function domainOf(a: SqlType, b: SqlType): Domain | null {
  if (a.family !== b.family) return null
  if (a.family === 'string') return stringDomain(a, b)
  if (a.family === 'number') return numberDomain(a, b)
  if (a.family === 'datetime') return a === b ? DATETIMES : MIXED_DATETIMES
  if (a !== b) return null
  if (a === INTERVAL) return INTERVALS
  return AS_PRINTED.has(a) ? ASCII : null
}

function stringDomain(a: SqlType, b: SqlType): Domain {
  return (a === BPCHAR && b !== TEXT) || (b === BPCHAR && a !== TEXT) ? PADDED : TEXTS
}

function numberDomain(a: SqlType, b: SqlType): Domain {
  if (isInteger(a) && isInteger(b)) return INTEGERS
  if (a === FLOAT4 && b === FLOAT4) return SINGLES
  return Math.max(a.rank, b.rank) > NUMERIC.rank ? FLOATS : NUMERICS
}
