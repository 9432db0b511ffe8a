/** The types whose values can be compared here just as Postgres compares them. */
export type Family =
  | 'bool'
  | 'number'
  | 'string'
  | 'uuid'
  | 'datetime'
  | 'time'
  | 'interval'
  | 'bytea'
  // An enumeration: equal texts are equal values, their order is the catalog's.
  | 'enum'
  // Anything else: nothing can be said of it but whether it is null.
  | 'opaque'
  // Of a row not even that: one of nulls is null, and is printed as something.
  | 'row'

export interface SqlType {
  /** As error messages name it: `int4`, `text[]`, `enum mood`. */
  readonly name: string
  /** As SQL names it, in pg_catalog; null for types that are never cast to. */
  readonly sqlName: string | null
  readonly family: Family
  /** Within numbers and dates, the one of the higher rank is the one that two different types are compared as. */
  readonly rank: number
  /** Of an array. */
  readonly element: SqlType | null
}

function scalar(name: string, family: Family, rank = 0): SqlType {
  return { name, sqlName: name, family, rank, element: null }
}

export function arrayOf(element: SqlType): SqlType {
  const sqlName = element.sqlName === null ? null : `${element.sqlName}[]`
  return { name: `${element.name}[]`, sqlName, family: 'opaque', rank: 0, element }
}

export const BOOL = scalar('bool', 'bool')
export const INT2 = scalar('int2', 'number', 1)
export const INT4 = scalar('int4', 'number', 2)
export const INT8 = scalar('int8', 'number', 3)
export const NUMERIC = scalar('numeric', 'number', 4)
export const FLOAT4 = scalar('float4', 'number', 5)
export const FLOAT8 = scalar('float8', 'number', 6)
export const TEXT = scalar('text', 'string')
export const VARCHAR = scalar('varchar', 'string')
/** char(n): what fills it up counts in LIKE and nowhere else. */
export const BPCHAR = scalar('bpchar', 'string')
export const UUID = scalar('uuid', 'uuid')
export const DATE = scalar('date', 'datetime', 1)
export const TIMESTAMP = scalar('timestamp', 'datetime', 2)
export const TIMESTAMPTZ = scalar('timestamptz', 'datetime', 3)
export const TIME = scalar('time', 'time')
export const INTERVAL = scalar('interval', 'interval')
export const BYTEA = scalar('bytea', 'bytea')

export function enumType(name: string): SqlType {
  return { name: `enum ${name}`, sqlName: null, family: 'enum', rank: 0, element: null }
}

export function opaqueType(name: string): SqlType {
  return { name, sqlName: null, family: 'opaque', rank: 0, element: null }
}

export function rowType(name: string): SqlType {
  return { name, sqlName: null, family: 'row', rank: 0, element: null }
}

// pg_type's ids of each type and of arrays of it.
const KNOWN: readonly (readonly [SqlType, number, number])[] = [
  [BOOL, 16, 1000],
  [BYTEA, 17, 1001],
  [INT8, 20, 1016],
  [INT2, 21, 1005],
  [INT4, 23, 1007],
  [TEXT, 25, 1009],
  [FLOAT4, 700, 1021],
  [FLOAT8, 701, 1022],
  [BPCHAR, 1042, 1014],
  [VARCHAR, 1043, 1015],
  [DATE, 1082, 1182],
  [TIME, 1083, 1183],
  [TIMESTAMP, 1114, 1115],
  [TIMESTAMPTZ, 1184, 1185],
  [INTERVAL, 1186, 1187],
  [NUMERIC, 1700, 1231],
  [UUID, 2950, 2951],
]

const BY_OID: ReadonlyMap<number, SqlType> = new Map(
  KNOWN.flatMap(([type, oid, arrayOid]): [number, SqlType][] => [
    [oid, type],
    [arrayOid, arrayOf(type)],
  ]),
)
const BY_NAME: ReadonlyMap<string, SqlType> = new Map(KNOWN.map(([type]) => [type.name, type]))

export function typeByOid(oid: number): SqlType | null {
  return BY_OID.get(oid) ?? null
}

/** A type that a clause may cast to. */
export function typeByName(name: string): SqlType | null {
  return name === BPCHAR.name ? null : (BY_NAME.get(name) ?? null)
}

export function isInteger(type: SqlType): boolean {
  return type.family === 'number' && type.rank <= INT8.rank
}
