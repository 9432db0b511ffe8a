import fc from 'fast-check'
import { type Column, type Table, tableSql } from './random-tables.ts'
import { literal, quoted } from './sql-text.ts'

/** A predicate in both of its forms: with parameters, as a shape has it, and with their values in their places. */
export interface Where {
  readonly text: string
  readonly params: readonly string[]
  readonly sql: string
  /** It reads another table: a change there ends the shape. */
  readonly hasSubquery: boolean
}

/** @param value writes a constant: as itself, or as a parameter that stands for it. */
type Clause = (value: (text: string) => string) => string

const COMPARISONS = ['=', '<>', '<', '<=', '>', '>=']

/** A value that rows of the column have, or nearly. */
function valueNear({ kind }: Column): fc.Arbitrary<string> {
  return fc.constantFrom(...kind.values)
}

function equality(column: Column): fc.Arbitrary<Clause> {
  return valueNear(column).map((text) => (value) => `${quoted(column.name)} = ${value(text)}`)
}

function comparison(column: Column): fc.Arbitrary<Clause> {
  return fc.tuple(valueNear(column), fc.constantFrom(...COMPARISONS), fc.boolean()).map(
    ([text, sign, isSwapped]) =>
      (value) =>
        isSwapped
          ? `${value(text)} ${sign} ${quoted(column.name)}`
          : `${quoted(column.name)} ${sign} ${value(text)}`,
  )
}

function range(column: Column): fc.Arbitrary<Clause> {
  return fc
    .tuple(
      valueNear(column),
      valueNear(column),
      fc.constantFrom('BETWEEN', 'NOT BETWEEN', 'BETWEEN SYMMETRIC'),
    )
    .map(
      ([from, to, word]) =>
        (value) =>
          `${quoted(column.name)} ${word} ${value(from)} AND ${value(to)}`,
    )
}

function list(column: Column): fc.Arbitrary<Clause> {
  return fc
    .tuple(fc.array(valueNear(column), { minLength: 1, maxLength: 4 }), fc.constantFrom('IN', 'NOT IN'))
    .map(
      ([texts, word]) =>
        (value) =>
          `${quoted(column.name)} ${word} (${texts.map(value).join(', ')})`,
    )
}

function isNull(column: Column): fc.Arbitrary<Clause> {
  return fc.constantFrom('IS NULL', 'IS NOT NULL').map((test) => () => `${quoted(column.name)} ${test}`)
}

function distinct(column: Column): fc.Arbitrary<Clause> {
  return fc.tuple(valueNear(column), fc.constantFrom('IS DISTINCT FROM', 'IS NOT DISTINCT FROM')).map(
    ([text, sign]) =>
      (value) =>
        `${quoted(column.name)} ${sign} ${value(text)}`,
  )
}

const PATTERNS = ['%', 'row%', '%1%', '_ow/%', 'v.__', '%/%', '\\\\', '%"%', 'ROW/1_']

function like(column: Column): fc.Arbitrary<Clause> {
  return fc
    .tuple(fc.constantFrom(...PATTERNS), fc.constantFrom('LIKE', 'NOT LIKE', 'ILIKE', 'NOT ILIKE'))
    .map(
      ([pattern, word]) =>
        (value) =>
          `${quoted(column.name)} ${word} ${value(pattern)}`,
    )
}

function folded(column: Column): fc.Arbitrary<Clause> {
  return fc.tuple(valueNear(column), fc.constantFrom('lower', 'upper'), fc.constantFrom('=', '<>')).map(
    ([text, name, sign]) =>
      (value) =>
        `${name}(${quoted(column.name)}) ${sign} ${value(text)}`,
  )
}

/** A list of values as one constant. */
function any(column: Column): fc.Arbitrary<Clause> {
  return fc
    .tuple(fc.array(valueNear(column), { maxLength: 3 }), fc.constantFrom('= ANY', '<> ALL'))
    .map(([texts, word]) => {
      const elements = texts.map((text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`)
      return (value) => `${quoted(column.name)} ${word} (${value(`{${elements.join(',')}}`)})`
    })
}

function truth(column: Column): fc.Arbitrary<Clause> {
  return fc
    .constantFrom('', ' IS TRUE', ' IS NOT FALSE', ' IS UNKNOWN', ' = true')
    .map((test) => () => `${quoted(column.name)}${test}`)
}

function leaf(column: Column): fc.Arbitrary<Clause> {
  switch (column.kind.family) {
    case 'bool':
      return fc.oneof(truth(column), isNull(column))
    case 'ordered':
      return fc.oneof(
        comparison(column),
        range(column),
        list(column),
        any(column),
        distinct(column),
        isNull(column),
      )
    case 'text':
      return fc.oneof(
        comparison(column),
        range(column),
        list(column),
        any(column),
        like(column),
        folded(column),
        isNull(column),
      )
    case 'equal':
      return fc.oneof(equality(column), list(column), distinct(column), isNull(column))
    case 'none':
      return isNull(column)
  }
}

/** A value of one table that another one has too. */
function subquery(table: Table, others: readonly Table[]): fc.Arbitrary<Clause> | null {
  const pairs = others.flatMap((other) =>
    table.columns.flatMap((left) =>
      other.columns
        .filter(({ kind }) => kind === left.kind && kind.family !== 'none')
        .map((right) => ({ left, right, other })),
    ),
  )
  if (pairs.length === 0) return null
  return fc.constantFrom(...pairs).chain(({ left, right, other }) => {
    return fc
      .tuple(fc.oneof(...other.columns.map(leaf)), fc.boolean(), fc.constantFrom('IN', 'NOT IN'))
      .map(([clause, isFiltered, word]): Clause => {
        const from = `SELECT ${quoted(right.name)} FROM ${tableSql(other)}`
        return (value) =>
          `${quoted(left.name)} ${word} (${from}${isFiltered ? ` WHERE ${clause(value)}` : ''})`
      })
  })
}

function tree(columns: readonly Column[]): fc.Arbitrary<Clause> {
  return fc.letrec<{ tree: Clause }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(...columns.map(leaf)),
      fc.tuple(tie('tree'), fc.constantFrom('AND', 'OR'), tie('tree')).map(
        ([a, word, b]): Clause =>
          (value) =>
            `(${a(value)} ${word} ${b(value)})`,
      ),
      tie('tree').map(
        (clause): Clause =>
          (value) =>
            `NOT (${clause(value)})`,
      ),
    ),
  })).tree
}

/** Whether each constant of a clause is a parameter is drawn in turn. */
function written([{ clause, hasSubquery }, choices]: [Drawn, readonly boolean[]]): Where {
  const params: string[] = []
  let turn = 0
  const text = clause((value) => {
    return choices[turn++ % choices.length] ? `$${params.push(value)}` : literal(value)
  })
  return { text, params, sql: clause(literal), hasSubquery }
}

interface Drawn {
  readonly clause: Clause
  readonly hasSubquery: boolean
}

/** @param all of the tables, which a clause may read besides its own. */
export function whereOn(table: Table, all: readonly Table[]): fc.Arbitrary<Where> {
  const equals = table.columns.filter(({ kind }) => kind.family !== 'none').map(equality)
  const other = subquery(
    table,
    all.filter((each) => each !== table),
  )
  const alone = (clause: Clause): Drawn => ({ clause, hasSubquery: false })
  const drawn = fc.oneof(
    {
      weight: equals.length > 0 ? 3 : 0,
      arbitrary: fc
        .oneof(
          ...equals,
          fc.constant(() => 'true'),
        )
        .map(alone),
    },
    { weight: 4, arbitrary: tree(table.columns).map(alone) },
    {
      weight: other ? 1 : 0,
      arbitrary: (other ?? fc.constant(() => 'true')).map((clause) => ({ clause, hasSubquery: true })),
    },
  )
  return fc.tuple(drawn, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })).map(written)
}
