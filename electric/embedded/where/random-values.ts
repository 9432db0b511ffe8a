import fc from 'fast-check'

/** Random rows of every type that clauses compare. */

/** Values as one writes them. Equal ones stand near each other in other words. */
export const VALUES = {
  bool: ['t', 'f', 'true', 'no'],
  int2: ['0', '1', '-1', '7', '32767', '-32768'],
  int4: ['0', '1', '-1', '7', '2147483647', '-2147483648'],
  int8: [
    '0',
    '1',
    '-1',
    '7',
    '3000000000',
    '9223372036854775807',
    '-9223372036854775808',
    '9007199254740993',
  ],
  numeric: [
    ...[
      '0',
      '0.00',
      '1',
      '1.0',
      '1.5',
      '1.50',
      '-1.5',
      '-0.25',
      '7',
      'NaN',
      'Infinity',
      '-Infinity',
      '1e-10',
    ],
    ...['123456789012345678901234567890', '123456789012345678901234567890.5', '32767', '9007199254740993'],
  ],
  float4: [
    '0',
    '-0',
    '1',
    '1.5',
    '0.1',
    '-7',
    '7',
    'NaN',
    'Infinity',
    '-Infinity',
    '1e-40',
    '3.4e38',
    '16777217',
  ],
  float8: [
    ...['0', '-0', '1', '1.5', '0.1', '0.10000000149011612', '7', 'NaN', 'Infinity', '-Infinity', '1e-7'],
    ...['1e308', '5e-324', '9007199254740992', '1e21'],
  ],
  text: [
    ...[
      '',
      ' ',
      'a',
      'A',
      'b',
      'ab',
      'a ',
      'a  ',
      'abc',
      'B',
      'é',
      'É',
      'e\u0301',
      'ß',
      '中',
      '\ufffd',
      '\ue000',
    ],
    ...[
      '😀',
      '😀b',
      '\u{10ffff}',
      'a%b',
      'a_b',
      'a\\b',
      '\\',
      "it's",
      '"q"',
      'NULL',
      'null',
      '{a,b}',
      'x,y',
      't',
      '1',
    ],
  ],
  varchar: ['', 'a', 'a ', 'b', 'é', '😀', 'a%b', "'", '1'],
  bpchar: ['', 'a', 'a ', 'ab', 'b', 'é', '😀', 'abcde', 'a%'],
  uuid: [
    ...['00000000-0000-0000-0000-000000000000', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ...['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{a0eebc999c0b4ef8bb6d6bb9bd380a12}'],
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ],
  date: [
    ...[
      '2024-01-01',
      '2024-02-29',
      '1999-12-31',
      '0001-01-01',
      '0044-03-15 BC',
      '0043-03-15 BC',
      '12000-05-06',
    ],
    ...['infinity', '-infinity', '4713-11-24 BC', 'Jan 1 2024', '5874897-12-31'],
  ],
  timestamp: [
    ...[
      '2024-01-01 00:00:00',
      '2024-01-01',
      '2024-01-01 00:00:00.5',
      '2024-01-01 00:00:00.000001',
      'infinity',
    ],
    ...['2024-02-29 23:59:59.999999', '0044-03-15 10:00:00 BC', '294276-12-31 23:59:59.999999', '-infinity'],
    ...['1999-12-31 12:00:00', '4713-11-24 00:00:00 BC', '12000-05-06 07:08:09.123'],
  ],
  timestamptz: [
    ...[
      '2024-01-01 00:00:00+00',
      '2024-01-01 01:00:00+01',
      '2024-01-01 00:00:00.5Z',
      '2024-01-01',
      'infinity',
    ],
    ...[
      '0044-03-15 10:00:00+00 BC',
      '294276-12-31 23:59:59.999999+00',
      '-infinity',
      '12000-05-06 07:08:09+05:30',
    ],
    ...['1999-12-31 12:00:00 America/New_York', '2024-02-29 23:59:59.999999+00'],
  ],
  time: ['00:00:00', '24:00:00', '12:30', '12:30:00.5', '12:30:00.05', '23:59:59.999999', '01:02:03 PM'],
  interval: [
    ...[
      '0',
      '1 day',
      '24 hours',
      '1 month',
      '30 days',
      '1 year',
      '12 months',
      '-1 day',
      '-1 day +3 hours',
      '0.5 s',
    ],
    ...['-0.5 s', '1 year -2 months 3 days -04:05:06.789', '720:00:00', '178000000 years', '1 week', 'P1Y2M'],
  ],
  bytea: ['\\x', '\\x00', '\\x0001', '\\xff', '\\xFF00', '\\xDEADBEEF', 'abc', '\\\\'],
} as const satisfies Record<string, readonly string[]>

export type ValueType = keyof typeof VALUES
export const TYPES = Object.keys(VALUES) as ValueType[] // of the object above

const MODIFIERS: Partial<Record<ValueType, string>> = { varchar: '(6)', bpchar: '(5)' }
const MOODS = ['happy', 'sad', "it's"]
export const ARRAYS: readonly ValueType[] = [
  'int4',
  'int8',
  'text',
  'varchar',
  'uuid',
  'float8',
  'timestamptz',
  'bool',
]

/** Two columns of each type, `int4_a` and `int4_b`, arrays of some, an enumeration, a domain and what is not compared. */
export const COLUMNS = [
  'id int4 PRIMARY KEY',
  ...TYPES.flatMap((type) => ['a', 'b'].map((side) => `${type}_${side} ${columnType(type)}`)),
  ...ARRAYS.map((type) => `${type}_s ${type}[]`),
  '"Mood" mood',
  'positive positive',
  'json jsonb',
].join(', ')

export const TYPE_DEFINITIONS = `
  CREATE TYPE mood AS ENUM (${MOODS.map(quote).join(', ')});
  CREATE DOMAIN positive AS int4 CHECK (value > 0)`

function columnType(type: ValueType): string {
  const modifier = MODIFIERS[type]
  return modifier ? `${type}${modifier}` : type
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

export function textOf(type: ValueType): fc.Arbitrary<string> {
  return fc.constantFrom(...VALUES[type])
}

export function arrayLiteral(type: ValueType): fc.Arbitrary<string> {
  const element = fc.option(textOf(type), { freq: 4 })
  return fc.array(element, { maxLength: 4 }).map((elements) => {
    const parts = elements.map((each) =>
      each === null ? 'NULL' : `"${each.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
    )
    return `{${parts.join(',')}}`
  })
}

/** SQL of the values of one row, but for the id. */
export const rowValues: fc.Arbitrary<string> = fc
  .tuple(
    ...TYPES.flatMap((type) => [type, type]).map((type) =>
      fc.option(textOf(type), { freq: 4 }).map((text) => typedSql(text, columnType(type))),
    ),
    ...ARRAYS.map((type) =>
      fc.option(arrayLiteral(type), { freq: 4 }).map((text) => typedSql(text, `${type}[]`)),
    ),
    fc.option(fc.constantFrom(...MOODS)).map((text) => typedSql(text, 'mood')),
    fc.option(fc.constantFrom('1', '7', '2147483647')).map((text) => typedSql(text, 'int4')),
    fc.option(fc.constantFrom('{}', 'null', '[1]')).map((text) => typedSql(text, 'jsonb')),
  )
  .map((values) => values.join(', '))

function typedSql(text: string | null, type: string): string {
  return text === null ? 'NULL' : `${quote(text)}::${type}`
}
