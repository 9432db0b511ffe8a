import fc from 'fast-check'

/** Random rows of every type that clauses compare, and random clauses over them that Postgres accepts. */

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
const ENUM_VALUES = ['happy', 'sad', "it's"]
const ARRAYS: readonly ValueType[] = [
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
  CREATE TYPE mood AS ENUM (${ENUM_VALUES.map(quote).join(', ')});
  CREATE DOMAIN positive AS int4 CHECK (value > 0)`

function columnType(type: ValueType): string {
  const modifier = MODIFIERS[type]
  return modifier ? `${type}${modifier}` : type
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function textOf(type: ValueType): fc.Arbitrary<string> {
  return fc.constantFrom(...VALUES[type])
}

function arrayLiteral(type: ValueType): fc.Arbitrary<string> {
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
      fc.option(textOf(type), { freq: 4 }).map((text) => typed(text, columnType(type))),
    ),
    ...ARRAYS.map((type) =>
      fc.option(arrayLiteral(type), { freq: 4 }).map((text) => typed(text, `${type}[]`)),
    ),
    fc.option(fc.constantFrom(...ENUM_VALUES)).map((text) => typed(text, 'mood')),
    fc.option(fc.constantFrom('1', '7', '2147483647')).map((text) => typed(text, 'int4')),
    fc.option(fc.constantFrom('{}', 'null', '[1]')).map((text) => typed(text, 'jsonb')),
  )
  .map((values) => values.join(', '))

function typed(text: string | null, type: string): string {
  return text === null ? 'NULL' : `${quote(text)}::${type}`
}

/** Writes SQL; a value that becomes a parameter is given to the function, which says what stands for it. */
type Build = (param: (text: string) => string) => string

export interface Clause {
  readonly sql: string
  readonly params: readonly string[]
}

function finish(build: Build): Clause {
  const params: string[] = []
  const sql = build((text) => `$${params.push(text)}`)
  return { sql, params }
}

function columnsOf(type: ValueType): readonly string[] {
  return [`${type}_a`, `${type}_b`]
}

function column(type: ValueType): fc.Arbitrary<Build> {
  return fc.constantFrom(...columnsOf(type)).map((name) => () => name)
}

/** A literal or parameter that takes the type of what it stands beside. */
function untyped(type: ValueType): fc.Arbitrary<Build> {
  return fc.tuple(textOf(type), fc.boolean()).map(([text, isParam]): Build => {
    return (param) => (isParam ? param(text) : quote(text))
  })
}

// char and timestamp without a modifier are what they are called; bpchar is not to be cast to.
function typedConstant(type: ValueType): fc.Arbitrary<Build> {
  const source = type === 'bpchar' ? 'text' : type
  const literal = fc.tuple(untyped(source), fc.boolean()).map(([build, isFunctional]): Build => {
    return (param) => (isFunctional ? `CAST(${build(param)} AS ${source})` : `${build(param)}::${source}`)
  })
  const number = NUMBERS[source]
  const isNull: Build = () => `NULL::${source}`
  const options = [
    { weight: 3, arbitrary: literal },
    { weight: 1, arbitrary: fc.constant(isNull) },
  ]
  return number ? fc.oneof(...options, { weight: 3, arbitrary: number }) : fc.oneof(...options)
}

const integerLiteral: fc.Arbitrary<Build> = fc
  .constantFrom(
    '0',
    '1',
    '-1',
    '7',
    '32768',
    '3000000000',
    '-9223372036854775808',
    '9223372036854775808',
    '0x1F',
    '1_000',
  )
  .map((text) => () => text)
const decimalLiteral: fc.Arbitrary<Build> = fc
  .constantFrom('0.0', '1.5', '1.50', '.1', '-0.25', '1e3', '7.0', '0.1')
  .map((text) => () => text)
const booleanLiteral: fc.Arbitrary<Build> = fc.constantFrom('true', 'FALSE').map((text) => () => text)
const NUMBERS: Partial<Record<ValueType, fc.Arbitrary<Build>>> = {
  bool: booleanLiteral,
  int2: integerLiteral,
  int4: integerLiteral,
  int8: integerLiteral,
  numeric: fc.oneof(integerLiteral, decimalLiteral),
  float4: fc.oneof(integerLiteral, decimalLiteral),
  float8: fc.oneof(integerLiteral, decimalLiteral),
}

// Which types Postgres compares with one another, of those pairs that are certain.
const COMPANIONS: Partial<Record<ValueType, readonly ValueType[]>> = {
  int2: ['int4', 'int8', 'numeric', 'float4', 'float8'],
  int4: ['int2', 'int8', 'numeric', 'float4', 'float8'],
  int8: ['int2', 'int4', 'numeric', 'float4', 'float8'],
  numeric: ['int2', 'int4', 'int8'],
  float4: ['int2', 'int4', 'int8', 'float8'],
  float8: ['int2', 'int4', 'int8', 'float4'],
  text: ['varchar', 'bpchar'],
  varchar: ['text', 'bpchar'],
  bpchar: ['text', 'varchar'],
  date: ['timestamp', 'timestamptz'],
  timestamp: ['date', 'timestamptz'],
  timestamptz: ['date', 'timestamp'],
}

const CASTS: readonly [ValueType, ValueType][] = [
  ...(
    ['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'uuid', 'date', 'time', 'interval'] as const
  ).map((type): [ValueType, ValueType] => [type, 'text']),
  ...(['bool', 'bytea', 'timestamp', 'timestamptz', 'varchar', 'bpchar'] as const).map(
    (type): [ValueType, ValueType] => [type, 'text'],
  ),
  ...([
    ['int2', 'int4'],
    ['int4', 'int8'],
    ['int8', 'float8'],
    ['float4', 'float8'],
    ['bool', 'int4'],
  ] as const),
  ...([
    ['int4', 'bool'],
    ['timestamp', 'date'],
    ['timestamptz', 'date'],
    ['timestamptz', 'timestamp'],
  ] as const),
  ...([
    ['timestamp', 'timestamptz'],
    ['text', 'varchar'],
    ['int8', 'numeric'],
  ] as const),
].map(([from, to]): [ValueType, ValueType] => [from, to])

function castColumn(type: ValueType): fc.Arbitrary<Build> | null {
  const sources = CASTS.filter(([, to]) => to === type).map(([from]) => from)
  if (sources.length === 0) return null
  return fc
    .constantFrom(...sources)
    .chain(column)
    .map(
      (build): Build =>
        (param) =>
          `${build(param)}::${type}`,
    )
}

/** Anything that has the type by itself. */
function ofType(type: ValueType): fc.Arbitrary<Build> {
  const cast = castColumn(type)
  const more = cast ? [{ weight: 1, arbitrary: cast }] : []
  const special = type === 'text' ? [{ weight: 1, arbitrary: fc.constant<Build>(() => '"Mood"::text') }] : []
  const domain = type === 'int4' ? [{ weight: 1, arbitrary: fc.constant<Build>(() => 'positive') }] : []
  return fc.oneof(
    { weight: 5, arbitrary: column(type) },
    { weight: 2, arbitrary: typedConstant(type) },
    ...more,
    ...special,
    ...domain,
  )
}

const type = fc.constantFrom(...TYPES)
const operator = fc.constantFrom('=', '<>', '!=', '<', '<=', '>', '>=')

/** Two sides that can be compared, in either order. */
const comparable: fc.Arbitrary<readonly [Build, Build]> = type
  .chain((each) => {
    const companions = COMPANIONS[each] ?? []
    const others = companions.length === 0 ? fc.constant(each) : fc.constantFrom(each, each, ...companions)
    return fc.tuple(
      ofType(each),
      fc.oneof(
        { weight: 3, arbitrary: untyped(each) },
        { weight: 3, arbitrary: others.chain(ofType) },
        { weight: 1, arbitrary: fc.constant<Build>(() => 'NULL') },
      ),
      fc.boolean(),
    )
  })
  .map(([a, b, isSwapped]) => (isSwapped ? [b, a] : [a, b]))

const comparison: fc.Arbitrary<Build> = fc.tuple(comparable, operator).map(
  ([[a, b], sign]): Build =>
    (param) =>
      `${a(param)} ${sign} ${b(param)}`,
)

const distinct: fc.Arbitrary<Build> = fc
  .tuple(comparable, fc.constantFrom('IS DISTINCT FROM', 'IS NOT DISTINCT FROM'))
  .map(
    ([[a, b], sign]): Build =>
      (param) =>
        `${a(param)} ${sign} ${b(param)}`,
  )

const nothing: Build = () => 'NULL'

const list: fc.Arbitrary<Build> = fc.tuple(type, fc.constantFrom('IN', 'NOT IN')).chain(([each, word]) => {
  const typedItem = ofType(each)
  const item = fc.oneof(untyped(each), typedItem, fc.constant(nothing))
  return fc.tuple(ofType(each), fc.array(item, { minLength: 1, maxLength: 12 })).map(
    ([left, items]): Build =>
      (param) =>
        `${left(param)} ${word} (${items.map((build) => build(param)).join(', ')})`,
  )
})

const BETWEENS = ['BETWEEN', 'NOT BETWEEN', 'BETWEEN SYMMETRIC', 'NOT BETWEEN SYMMETRIC']
const range: fc.Arbitrary<Build> = fc.tuple(type, fc.constantFrom(...BETWEENS)).chain(([each, word]) => {
  const bound = fc.oneof(untyped(each), ofType(each))
  return fc.tuple(ofType(each), bound, bound).map(
    ([a, b, c]): Build =>
      (param) =>
        `${a(param)} ${word} ${b(param)} AND ${c(param)}`,
  )
})

const patternPart = fc.constantFrom(
  '%',
  '_',
  'a',
  'b',
  'A',
  ' ',
  'é',
  '😀',
  '\\%',
  '\\_',
  '\\\\',
  "'",
  '\\a',
  'x',
)
const pattern = fc.array(patternPart, { maxLength: 5 }).map((parts) => parts.join(''))
const escapedPattern = fc
  .array(fc.constantFrom('%', '_', 'a', 'b', '#%', '#_', '##', '\\', '#a', '😀'), { maxLength: 5 })
  .map((parts) => parts.join(''))

const strings = fc.oneof(
  fc.constantFrom<ValueType>('text', 'varchar', 'bpchar').chain(column),
  fc.constant<Build>(() => '"Mood"::text'),
  untyped('text'),
)
const like: fc.Arbitrary<Build> = fc
  .tuple(strings, fc.constantFrom('LIKE', 'NOT LIKE', '~~', '!~~'), pattern, fc.boolean())
  .map(
    ([left, word, text, isParam]): Build =>
      (param) =>
        `${left(param)} ${word} ${isParam ? param(text) : quote(text)}`,
  )
const likeEscape: fc.Arbitrary<Build> = fc
  .tuple(strings, fc.constantFrom('LIKE', 'NOT LIKE'), escapedPattern, fc.constantFrom('#', ''))
  .filter(([, , text, sign]) => sign === '#' || !text.includes('#'))
  .map(
    ([left, word, text, sign]): Build =>
      (param) =>
        `${left(param)} ${word} ${quote(text)} ESCAPE ${quote(sign)}`,
  )
const likeAny: fc.Arbitrary<Build> = fc
  .tuple(
    strings,
    fc.constantFrom('LIKE', 'NOT LIKE'),
    fc.constantFrom('ANY', 'ALL'),
    fc.array(pattern, { minLength: 1, maxLength: 3 }),
  )
  .map(
    ([left, word, quantifier, texts]): Build =>
      (param) =>
        `${left(param)} ${word} ${quantifier} (ARRAY[${texts.map(quote).join(', ')}])`,
  )

const quantified: fc.Arbitrary<Build> = fc
  .tuple(
    type.filter((each) => each !== 'bpchar'),
    operator,
    fc.constantFrom('ANY', 'ALL', 'SOME'),
  )
  .chain(([each, sign, quantifier]) => {
    const array = arrayLiteral(each).chain((text) =>
      fc.constantFrom<Build>(
        (param) => param(text),
        () => quote(text),
        (param) => `${param(text)}::${each}[]`,
      ),
    )
    const items = fc.array(fc.oneof(column(each), untyped(each)), { maxLength: 4 }).map(
      (builds): Build =>
        (param) =>
          `ARRAY[${builds.map((build) => build(param)).join(', ')}]::${each}[]`,
    )
    return fc.tuple(ofType(each), fc.oneof(array, items)).map(
      ([left, right]): Build =>
        (param) =>
          `${left(param)} ${sign} ${quantifier} (${right(param)})`,
    )
  })

const arrayColumn: fc.Arbitrary<Build> = fc
  .tuple(fc.constantFrom(...ARRAYS), operator, fc.constantFrom('ANY', 'ALL'))
  .chain(([each, sign, quantifier]) =>
    fc.oneof(untyped(each), ofType(each)).map(
      (left): Build =>
        (param) =>
          `${left(param)} ${sign} ${quantifier} (${each}_s)`,
    ),
  )

const ANY_COLUMN = [
  ...TYPES.flatMap(columnsOf),
  ...ARRAYS.map((each) => `${each}_s`),
  '"Mood"',
  'positive',
  'json',
  'id',
]
const nullTest: fc.Arbitrary<Build> = fc
  .tuple(
    fc.constantFrom(...ANY_COLUMN),
    fc.constantFrom('IS NULL', 'IS NOT NULL', 'IS DISTINCT FROM NULL', 'NOTNULL'),
  )
  .map(
    ([name, test]): Build =>
      () =>
        `${name} ${test}`,
  )

const constant: fc.Arbitrary<Build> = fc
  .constantFrom(
    'true',
    'false',
    '1=1',
    'true = true',
    'NULL::bool',
    "'a' = 'b'",
    '1 < 0.5',
    'NULL IS NULL',
    "'x' LIKE '_'",
  )
  .map((text) => () => text)

const leaf: fc.Arbitrary<Build> = fc.oneof(
  { weight: 8, arbitrary: comparison },
  { weight: 2, arbitrary: distinct },
  { weight: 4, arbitrary: list },
  { weight: 3, arbitrary: range },
  { weight: 4, arbitrary: like },
  { weight: 1, arbitrary: likeEscape },
  { weight: 1, arbitrary: likeAny },
  { weight: 3, arbitrary: quantified },
  { weight: 2, arbitrary: arrayColumn },
  { weight: 2, arbitrary: nullTest },
  { weight: 1, arbitrary: constant },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Build>(
      () => 'bool_a',
      () => 'bool_b',
    ),
  },
)

const STATES = ['TRUE', 'FALSE', 'UNKNOWN'].flatMap((state) => [`IS ${state}`, `IS NOT ${state}`])

const { tree } = fc.letrec<{ tree: Build }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(tie('tree'), fc.constantFrom('AND', 'OR'), tie('tree')).map(
      ([a, word, b]): Build =>
        (param) =>
          `(${a(param)} ${word} ${b(param)})`,
    ),
    tie('tree').map(
      (build): Build =>
        (param) =>
          `NOT (${build(param)})`,
    ),
    fc
      .tuple(
        tie('tree'),
        fc.constantFrom(...STATES, 'IS NULL', '= true', '<> bool_a', 'IS DISTINCT FROM bool_b'),
      )
      .map(
        ([build, test]): Build =>
          (param) =>
            `(${build(param)}) ${test}`,
      ),
  ),
}))

export const clause: fc.Arbitrary<Clause> = tree.map(finish)
