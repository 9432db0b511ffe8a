import fc from 'fast-check'
import { ARRAYS, arrayLiteral, quote, TYPES, textOf, type ValueType } from './random-values.ts'

/** Random clauses over the columns of `random-values`: of the kinds that Postgres accepts, each in many spellings. */
export interface Clause {
  readonly sql: string
  readonly params: readonly string[]
}

/** Writes SQL; a value that becomes a parameter is given to the function, which says what stands for it. */
type Build = (param: (text: string) => string) => string
type Arbitrary = fc.Arbitrary<Build>

function finish(build: Build): Clause {
  const params: string[] = []
  const sql = build((text) => `$${params.push(text)}`)
  return { sql, params }
}

function join(...parts: (Build | string)[]): Build {
  return (param) => parts.map((part) => (typeof part === 'string' ? part : part(param))).join(' ')
}

function commas(items: readonly Build[]): Build {
  return (param) => items.map((item) => item(param)).join(', ')
}

function words(...texts: string[]): Arbitrary {
  return fc.constantFrom(...texts).map((text) => () => text)
}

function oneOf(...weighted: [number, Arbitrary | undefined][]): Arbitrary {
  return fc.oneof(...weighted.flatMap(([weight, arbitrary]) => (arbitrary ? [{ weight, arbitrary }] : [])))
}

function column(type: ValueType): Arbitrary {
  return words(`${type}_a`, `${type}_b`)
}

/** A literal or parameter that takes the type of what it stands beside. */
function untyped(type: ValueType): Arbitrary {
  return text(textOf(type))
}

function text(texts: fc.Arbitrary<string>): Arbitrary {
  return fc.tuple(texts, fc.boolean()).map(
    ([each, isParam]) =>
      (param) =>
        isParam ? param(each) : quote(each),
  )
}

const INTEGERS = words(
  ...[
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
  ],
)
const DECIMALS = words('0.0', '1.5', '1.50', '.1', '-0.25', '1e3', '7.0', '0.1')
const NUMBERS = fc.oneof(INTEGERS, DECIMALS)
const LITERALS: Partial<Record<ValueType, Arbitrary>> = {
  bool: words('true', 'FALSE'),
  int2: INTEGERS,
  int4: INTEGERS,
  int8: INTEGERS,
  numeric: NUMBERS,
  float4: NUMBERS,
  float8: NUMBERS,
}

function typedConstant(type: ValueType): Arbitrary {
  const target = type === 'bpchar' ? 'text' : type // bpchar is not to be cast to
  return oneOf(
    [2, untyped(target).map((value) => join('CAST (', value, 'AS', target, ')'))],
    [2, untyped(target).map((value) => join(value, '::', target))],
    [1, words(`NULL::${target}`)],
    [3, LITERALS[target]],
  )
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

// What a column may be cast from.
const CASTS: Partial<Record<ValueType, readonly ValueType[]>> = {
  text: TYPES.filter((type) => type !== 'text'),
  varchar: ['text', 'int4', 'uuid'],
  int4: ['int2', 'bool'],
  int8: ['int4'],
  numeric: ['int8'],
  float8: ['float4', 'int8'],
  bool: ['int4'],
  date: ['timestamp', 'timestamptz'],
  timestamp: ['timestamptz'],
  timestamptz: ['timestamp'],
}

const STRINGS = fc.constantFrom<ValueType>('text', 'varchar', 'bpchar').chain(column)
const FOLDED = fc
  .tuple(fc.constantFrom('lower', 'upper'), STRINGS)
  .map(([name, value]) => join(name, '(', value, ')'))
const SPECIAL: Partial<Record<ValueType, Arbitrary>> = {
  int4: words('positive', 'id'),
  text: fc.oneof(words('"Mood"::text'), FOLDED, FOLDED),
}

/** Anything that has the type by itself. */
function ofType(type: ValueType): Arbitrary {
  const sources = CASTS[type]
  const cast = sources && fc.constantFrom(...sources).chain(column)
  return oneOf(
    [5, column(type)],
    [2, typedConstant(type)],
    [1, cast?.map((value) => join(value, '::', type))],
    [1, SPECIAL[type]],
  )
}

const TYPE = fc.constantFrom(...TYPES)
const OPERATOR = fc.constantFrom('=', '<>', '!=', '<', '<=', '>', '>=')
const NULL = words('NULL')

/** Two sides that can be compared, in either order. */
const PAIR = TYPE.chain((type) => {
  const other = fc.constantFrom(type, type, ...(COMPANIONS[type] ?? [])).chain(ofType)
  return fc.tuple(ofType(type), oneOf([3, untyped(type)], [3, other], [1, NULL]), fc.boolean())
}).map(([a, b, isSwapped]): [Build, Build] => (isSwapped ? [b, a] : [a, b]))

const SIGN = fc.oneof(
  { weight: 4, arbitrary: OPERATOR },
  { weight: 1, arbitrary: fc.constantFrom('IS DISTINCT FROM', 'IS NOT DISTINCT FROM') },
)
const COMPARISON = fc.tuple(PAIR, SIGN).map(([[a, b], sign]) => join(a, sign, b))

const LIST = fc.tuple(TYPE, fc.constantFrom('IN', 'NOT IN')).chain(([type, word]) => {
  const items = fc.array(fc.oneof(untyped(type), ofType(type), NULL), { minLength: 1, maxLength: 12 })
  return fc.tuple(ofType(type), items).map(([a, list]) => join(a, word, '(', commas(list), ')'))
})

const BETWEEN = fc.constantFrom('BETWEEN', 'NOT BETWEEN', 'BETWEEN SYMMETRIC', 'NOT BETWEEN SYMMETRIC')
const RANGE = fc.tuple(TYPE, BETWEEN).chain(([type, word]) => {
  const bound = fc.oneof(untyped(type), ofType(type))
  return fc.tuple(ofType(type), bound, bound).map(([a, b, c]) => join(a, word, b, 'AND', c))
})

function patterns(...parts: string[]): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...parts), { maxLength: 5 }).map((each) => each.join(''))
}

const PATTERN = patterns(
  ...['%', '_', 'a', 'b', 'A', ' ', 'é', 'É', 'K', 'ı', '😀', '\\%', '\\_', '\\\\', "'", '\\a', 'x'],
)
const MATCHED = oneOf([3, STRINGS], [1, words('"Mood"::text')], [1, untyped('text')])
const LIKES = fc.constantFrom('LIKE', 'NOT LIKE', '~~', '!~~', 'ILIKE', 'NOT ILIKE', '~~*')
const LIKE = fc.tuple(MATCHED, LIKES, text(PATTERN)).map(([a, word, pattern]) => join(a, word, pattern))

const ESCAPED = fc.oneof(
  patterns('%', '_', 'a', 'b', '\\', '😀').map((each) => `${quote(each)} ESCAPE ''`),
  patterns('%', '_', 'a', 'b', '#%', '#_', '##', '\\', '#a').map((each) => `${quote(each)} ESCAPE '#'`),
)
const LIKE_ESCAPE = fc
  .tuple(MATCHED, fc.constantFrom('LIKE', 'NOT LIKE'), ESCAPED)
  .map(([a, word, pattern]) => join(a, word, pattern))
const LIKE_ANY = fc
  .tuple(
    MATCHED,
    LIKES,
    fc.constantFrom('ANY', 'ALL'),
    fc.array(text(PATTERN), { minLength: 1, maxLength: 3 }),
  )
  .map(([a, word, which, list]) => join(a, word, which, '(ARRAY[', commas(list), '])'))

const WHICH = fc.constantFrom('ANY', 'ALL', 'SOME')
const QUANTIFIED = fc
  .tuple(fc.constantFrom(...TYPES.filter((type) => type !== 'bpchar')), OPERATOR, WHICH)
  .chain(([type, sign, which]) => {
    const literal = text(arrayLiteral(type))
    const items = fc.array(fc.oneof(column(type), untyped(type)), { maxLength: 4 })
    const array = fc.oneof(
      literal,
      literal.map((each) => join(each, '::', `${type}[]`)),
      items.map((each) => join('ARRAY[', commas(each), `]::${type}[]`)),
    )
    return fc.tuple(ofType(type), array).map(([a, b]) => join(a, sign, which, '(', b, ')'))
  })
const IN_COLUMN = fc
  .tuple(fc.constantFrom(...ARRAYS), OPERATOR, WHICH)
  .chain(([type, sign, which]) =>
    fc.oneof(untyped(type), ofType(type)).map((a) => join(a, sign, which, `(${type}_s)`)),
  )

const CONTAINMENT = fc
  .tuple(fc.constantFrom(...ARRAYS), fc.constantFrom('@>', '<@', '&&'), fc.boolean())
  .chain(([type, sign, isSwapped]) => {
    const literal = text(arrayLiteral(type))
    const items = fc.array(untyped(type), { minLength: 1, maxLength: 3 })
    const other = fc.oneof(
      literal,
      literal.map((each) => join(each, '::', `${type}[]`)),
      items.map((each) => join('ARRAY[', commas(each), `]::${type}[]`)),
      words(`${type}_s`),
    )
    const array: Build = () => `${type}_s`
    return other.map((each) => (isSwapped ? join(each, sign, array) : join(array, sign, each)))
  })

const ANY_COLUMN = words(
  ...TYPES.flatMap((type) => [`${type}_a`, `${type}_b`]),
  ...[...ARRAYS.map((type) => `${type}_s`), '"Mood"', 'positive', 'json', 'id'],
)
const NULL_TEST = fc
  .tuple(ANY_COLUMN, fc.constantFrom('IS NULL', 'IS NOT NULL', 'IS DISTINCT FROM NULL', 'NOTNULL'))
  .map(([a, test]) => join(a, test))
const CONSTANT = words(
  ...[
    'true',
    'false',
    '1=1',
    'true = true',
    'NULL::bool',
    "'a' = 'b'",
    '1 < 0.5',
    'NULL IS NULL',
    "'x' LIKE '_'",
  ],
)

const LEAF = oneOf(
  [9, COMPARISON],
  [4, LIST],
  [3, RANGE],
  [4, LIKE],
  [1, LIKE_ESCAPE],
  [1, LIKE_ANY],
  [3, QUANTIFIED],
  [2, IN_COLUMN],
  [2, CONTAINMENT],
  [2, NULL_TEST],
  [1, CONSTANT],
  [1, words('bool_a', 'bool_b')],
)
const STATES = ['TRUE', 'FALSE', 'UNKNOWN'].flatMap((state) => [`IS ${state}`, `IS NOT ${state}`])
const TEST = fc.constantFrom(...STATES, 'IS NULL', '= true', '<> bool_a', 'IS DISTINCT FROM bool_b')

const { tree } = fc.letrec<{ tree: Build }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    LEAF,
    fc
      .tuple(tie('tree'), fc.constantFrom('AND', 'OR'), tie('tree'))
      .map(([a, word, b]) => join('(', a, word, b, ')')),
    tie('tree').map((a) => join('NOT (', a, ')')),
    fc.tuple(tie('tree'), TEST).map(([a, test]) => join('(', a, ')', test)),
  ),
}))

export const clause: fc.Arbitrary<Clause> = tree.map(finish)
