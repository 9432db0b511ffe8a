/** A type of column with the values that rows of it get. */
export interface ColumnKind {
  /** As SQL declares it. */
  readonly type: string
  /** In Postgres's own spelling, so that each is found again by its text. */
  readonly values: readonly string[]
  /** SQL for the value that stands for a whole number, itself SQL. */
  of(number: string): string
  /** Different numbers have different values: rows can be told apart by it. */
  readonly isInjective: boolean
  /** Its values can be part of a key. */
  readonly isKey: boolean
  /** How clauses may use it. */
  readonly family: 'ordered' | 'text' | 'equal' | 'bool' | 'none'
  /** SQL for a value so long that Postgres stores it beside the row. */
  long?(salt: number): string
}

/** Created once in each database. */
export const ENUM_SQL = `CREATE TYPE oracle_mood AS ENUM ('sad', 'so so', 'it''s "fine"/')`

const PLAIN = { isInjective: true, isKey: true, family: 'ordered' } as const

function longText(salt: number): string {
  return `(SELECT string_agg(md5(i::text || 'salt${salt}'), '') FROM generate_series(1, 150) AS i)`
}

const KINDS = {
  int2: { ...PLAIN, type: 'int2', values: ['0', '-1', '32767'], of: (n) => `((${n}) % 30000)::int2` },
  int4: { ...PLAIN, type: 'int4', values: ['0', '-2147483648', '2147483647'], of: (n) => `(${n})::int4` },
  int8: {
    ...PLAIN,
    type: 'int8',
    values: ['0', '9007199254740993', '-9223372036854775808'],
    of: (n) => `(${n})::int8 * 3000000000`,
  },
  numeric: {
    ...PLAIN,
    type: 'numeric',
    values: ['0', '1.00', '-0.5', 'NaN', '12345678901234567890.123456789'],
    of: (n) => `(${n})::numeric / 4`,
  },
  money: { ...PLAIN, type: 'numeric(12,2)', values: ['0.00', '-0.50'], of: (n) => `(${n})::numeric / 4` },
  float8: {
    ...PLAIN,
    isKey: false,
    type: 'float8',
    values: ['0', '-0', 'NaN', 'Infinity', '1e-07', '0.1'],
    of: (n) => `(${n})::float8 / 8`,
  },
  float4: {
    ...PLAIN,
    isKey: false,
    type: 'float4',
    values: ['0.1', '-Infinity', '3.4e+38'],
    of: (n) => `(${n})::float4 / 8`,
  },
  bool: {
    type: 'bool',
    values: ['true', 'false'],
    of: (n) => `((${n}) % 2 = 0)`,
    isInjective: false,
    isKey: true,
    family: 'bool',
  },
  text: {
    ...PLAIN,
    family: 'text',
    type: 'text',
    values: [
      '',
      ' ',
      'a/b',
      '//',
      'a"b',
      "it's",
      '\\',
      'NULL',
      '_',
      'tab\there',
      'line\nbreak',
      '😀é',
      '{"a"}',
    ],
    of: (n) => `'row/' || (${n})`,
    long: longText,
  },
  varchar: {
    ...PLAIN,
    family: 'text',
    type: 'varchar(6000)',
    values: ['', 'a.b', 'x/y"z', '%'],
    of: (n) => `('v.' || (${n}))::varchar`,
    long: longText,
  },
  bpchar: {
    ...PLAIN,
    family: 'equal',
    type: 'char(9)',
    values: ['', 'a', 'a b', '/'],
    of: (n) => `('c' || (${n}))::char(9)`,
  },
  uuid: {
    ...PLAIN,
    type: 'uuid',
    values: ['00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    of: (n) => `md5((${n})::text)::uuid`,
  },
  date: {
    ...PLAIN,
    type: 'date',
    values: ['2024-02-29', '0044-03-15 BC', 'infinity'],
    of: (n) => `(date '2024-01-01' + (${n})::int4)`,
  },
  timestamptz: {
    ...PLAIN,
    type: 'timestamptz',
    values: ['2024-03-31 01:30:00+00', '1999-12-31 23:59:59.999999+00', '-infinity'],
    of: (n) => `(timestamptz '2024-03-31 00:30:00.5+00' + (${n}) * interval '17 minutes')`,
  },
  timestamp: {
    ...PLAIN,
    type: 'timestamp',
    values: ['2024-03-31 01:30:00', 'infinity'],
    of: (n) => `(timestamp '2024-03-31 00:30:00' + (${n}) * interval '1 hour')`,
  },
  time: {
    ...PLAIN,
    isKey: false,
    type: 'time',
    values: ['24:00:00', '00:00:00.000001'],
    of: (n) => `(time '00:00' + (${n}) * interval '1 minute')`,
  },
  interval: {
    ...PLAIN,
    isKey: false,
    family: 'none',
    type: 'interval',
    values: ['P1Y2M3DT4H5M6.789S', 'PT0S', 'P-1D'],
    of: (n) => `((${n}) * interval '1 day 1 second')`,
  },
  bytea: {
    ...PLAIN,
    family: 'equal',
    type: 'bytea',
    values: ['\\x', '\\x00ff2f22'],
    of: (n) => `decode(md5((${n})::text), 'hex')`,
    long: (salt) => `convert_to(${longText(salt)}, 'UTF8')`,
  },
  json: {
    type: 'json',
    values: ['{"b" :  1, "a":[ ]}', 'null', '"a/b"'],
    of: (n) => `json_build_object('n', (${n}))`,
    isInjective: true,
    isKey: false,
    family: 'none',
  },
  jsonb: {
    type: 'jsonb',
    values: ['{"a": {"b": [1, null, "q\\"z"]}}', 'null', '[]'],
    of: (n) => `jsonb_build_object('n', (${n}))`,
    isInjective: true,
    isKey: false,
    family: 'none',
    long: (salt) => `jsonb_build_object('long', ${longText(salt)})`,
  },
  mood: {
    type: 'oracle_mood',
    values: ['sad', 'so so', 'it\'s "fine"/'],
    of: (n) => `(enum_range(NULL::oracle_mood))[1 + abs(${n}) % 3]`,
    isInjective: false,
    isKey: true,
    family: 'none',
  },
  ints: {
    type: 'int4[]',
    values: ['{}', '{1,NULL,3}', '{{1,2},{3,4}}'],
    of: (n) => `ARRAY[(${n})::int4, NULL]`,
    isInjective: true,
    isKey: false,
    family: 'none',
  },
  texts: {
    type: 'text[]',
    values: ['{}', '{"a,b","NULL",NULL,"q\\"z","b\\\\s"," "}'],
    of: (n) => `ARRAY['t/' || (${n}), '', NULL]`,
    isInjective: true,
    isKey: false,
    family: 'none',
  },
} satisfies Record<string, ColumnKind>

export const COLUMN_KINDS: readonly ColumnKind[] = Object.values(KINDS)
/** Rows of a table without a primary key are told apart by a column of this kind. */
export const COUNTER: ColumnKind = KINDS.int4
