/** What a subset's filter may be made of. All of it is immutable and of pg_catalog, and touches nothing but its arguments. */

const COMPARISONS = ['=', '<>', '<', '>', '<=', '>=', '~~', '~~*', '!~~', '!~~*']

export const BINARY_OPERATORS: ReadonlySet<string> = new Set([
  ...COMPARISONS,
  ...['+', '-', '*', '/', '^', '&', '|', '#', '||', '@>', '<@', '&&'],
])

export const UNARY_OPERATORS: ReadonlySet<string> = new Set(['+', '-', '|/', '@', '~'])

/** Before ANY and ALL. */
export const ARRAY_OPERATORS: ReadonlySet<string> = new Set(COMPARISONS)

/** By name, how many arguments each takes. */
export const FUNCTIONS: ReadonlyMap<string, { readonly min: number; readonly max: number }> = new Map([
  ['lower', exactly(1)],
  ['upper', exactly(1)],
  ['concat', { min: 1, max: 100 }],
  ['array_cat', exactly(2)],
  ['array_prepend', exactly(2)],
  ['array_append', exactly(2)],
  ['array_ndims', exactly(1)],
  ['timezone', exactly(2)],
  ['justify_days', exactly(1)],
  ['justify_hours', exactly(1)],
  ['justify_interval', exactly(1)],
])

/** Those whose results hold all of their arguments. */
export const JOINING: ReadonlySet<string> = new Set(['concat', 'array_cat', 'array_prepend', 'array_append'])

/** Functions that are another spelling of an operator; Postgres has the second not at all. */
export const OPERATOR_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ['like', '~~'],
  ['ilike', '~~*'],
])

export const CAST_TARGETS: ReadonlySet<string> = new Set([
  'bool',
  'bytea',
  'date',
  'float4',
  'float8',
  'int2',
  'int4',
  'int8',
  'interval',
  'jsonb',
  'text',
  'time',
  'timestamp',
  'timestamptz',
  'uuid',
  'varchar',
])

/** Types of columns that an expression may hold, and of their arrays. */
export const COLUMN_TYPES: ReadonlySet<number> = new Set([
  ...[16, 1000], // bool
  ...[17, 1001], // bytea
  ...[20, 1016], // int8
  ...[21, 1005], // int2
  ...[23, 1007], // int4
  ...[25, 1009], // text
  ...[700, 1021], // float4
  ...[701, 1022], // float8
  ...[1042, 1014], // bpchar
  ...[1043, 1015], // varchar
  ...[1082, 1182], // date
  ...[1083, 1183], // time
  ...[1114, 1115], // timestamp
  ...[1184, 1185], // timestamptz
  ...[1186, 1187], // interval
  ...[1700, 1231], // numeric
  ...[2950, 2951], // uuid
  ...[3802, 3807], // jsonb
])

/** Types from here on are made by somebody: enums and domains can be allowed, the catalog tells which those are. */
export const FIRST_USER_TYPE = 16_384

function exactly(count: number) {
  return { min: count, max: count }
}
