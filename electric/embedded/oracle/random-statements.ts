import fc from 'fast-check'
import { type Column, type Table, tableSql } from './random-tables.ts'
import { literal, quoted } from './sql-text.ts'

/** Statements that belong together; most change several rows. */
export type Statements = readonly string[]

const number = fc.integer({ min: 1, max: 70 })
const salt = fc.nat(5)

/** SQL for a value of a column in the row that a number, itself SQL, stands for. */
function randomValue({ kind, isNotNull }: Column, n: string): fc.Arbitrary<string> {
  const long = kind.long?.bind(kind)
  return fc.oneof(
    { weight: 6, arbitrary: fc.nat(9).map((add) => kind.of(`${n} + ${add}`)) },
    { weight: 4, arbitrary: fc.constantFrom(...kind.values).map((text) => `${literal(text)}::${kind.type}`) },
    { weight: isNotNull ? 0 : 2, arbitrary: fc.constant(`NULL::${kind.type}`) },
    { weight: isNotNull ? 0 : 1, arbitrary: fc.constant(`CASE WHEN ${n} % 3 > 0 THEN ${kind.of(n)} END`) },
    { weight: long ? 3 : 0, arbitrary: salt.map((each) => long?.(each) ?? '') },
  )
}

function identityOf({ identity }: Table, n: string): readonly string[] {
  return identity.map(({ kind }) => kind.of(n))
}

function isNumber(table: Table, n: number, alias = ''): string {
  const values = identityOf(table, String(n))
  return table.identity.map(({ name }, index) => `${alias}${quoted(name)} = ${values[index]}`).join(' AND ')
}

function hashOf({ identity }: Table): string {
  const texts = identity.map(({ name }) => `${quoted(name)}::text`)
  return `(hashtext(concat_ws('|', ${texts.join(', ')})) & 65535)`
}

/** Some of the rows that there are, always the same ones. */
function someRows(table: Table): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant('true') },
    {
      weight: 5,
      arbitrary: fc.tuple(fc.integer({ min: 2, max: 9 }), fc.nat(8)).map(([parts, part]) => {
        return `${hashOf(table)} % ${parts} = ${part % parts}`
      }),
    },
    { weight: 3, arbitrary: number.map((n) => isNumber(table, n)) },
  )
}

function others({ columns, identity }: Table): readonly Column[] {
  return columns.filter((column) => !identity.includes(column))
}

/** @param n SQL for the number of a row. */
function rowOf(table: Table, n: string): fc.Arbitrary<string> {
  const identity = identityOf(table, n)
  const values = table.columns.map((column) => {
    const index = table.identity.indexOf(column)
    return index === -1 ? randomValue(column, n) : fc.constant(identity[index] ?? '')
  })
  return fc.tuple(...values).map((each) => each.join(', '))
}

function names(columns: readonly Column[]): string {
  return columns.map(({ name }) => quoted(name)).join(', ')
}

/** The rows that a table has from the start. */
export function fill(table: Table): fc.Arbitrary<Statements> {
  return insertRows(table, fc.constant(1), fc.integer({ min: 0, max: 60 }))
}

function insertMany(table: Table): fc.Arbitrary<Statements> {
  return insertRows(table, number, fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 10, max: 60 })))
}

function insertRows(
  table: Table,
  first: fc.Arbitrary<number>,
  length: fc.Arbitrary<number>,
): fc.Arbitrary<Statements> {
  return fc.tuple(first, length, rowOf(table, 'g')).map(([from, count, row]) => [
    `INSERT INTO ${tableSql(table)} (${names(table.columns)})
      SELECT ${row} FROM generate_series(${from}, ${from + count}) AS g ON CONFLICT DO NOTHING`,
  ])
}

/** A row whose key is made of odd values. */
function insertOdd(table: Table): fc.Arbitrary<Statements> {
  const odd = table.identity.map(({ kind }) => fc.constantFrom(...kind.values))
  return fc.tuple(number, fc.tuple(...odd)).chain(([n, texts]) => {
    const values = table.columns.map((column) => {
      const index = table.identity.indexOf(column)
      if (index === -1) return randomValue(column, String(n))
      return fc.constant(`${literal(texts[index] ?? '')}::${column.kind.type}`)
    })
    return fc
      .tuple(...values)
      .map((row) => [
        `INSERT INTO ${tableSql(table)} (${names(table.columns)}) VALUES (${row.join(', ')}) ON CONFLICT DO NOTHING`,
      ])
  })
}

function upsert(table: Table): fc.Arbitrary<Statements> {
  return fc.tuple(number, rowOf(table, 'g'), fc.constantFrom(...others(table))).map(([from, row, column]) => [
    `INSERT INTO ${tableSql(table)} (${names(table.columns)})
      SELECT ${row} FROM generate_series(${from}, ${from + 5}) AS g
      ON CONFLICT (${names(table.identity)}) DO UPDATE SET ${quoted(column.name)} = excluded.${quoted(column.name)}`,
  ])
}

function update(table: Table): fc.Arbitrary<Statements> {
  const columns = fc.uniqueArray(fc.constantFrom(...others(table)), { minLength: 1, maxLength: 2 })
  return columns
    .chain((each) => fc.tuple(someRows(table), ...each.map((column) => assignment(column, hashOf(table)))))
    .map(([rows, ...set]) => [`UPDATE ${tableSql(table)} SET ${set.join(', ')} WHERE ${rows}`])
}

function assignment(column: Column, n: string): fc.Arbitrary<string> {
  const name = quoted(column.name)
  return fc.oneof(
    { weight: 9, arbitrary: randomValue(column, n).map((value) => `${name} = ${value}`) },
    { weight: 1, arbitrary: fc.constant(`${name} = ${name}`) },
  )
}

function remove(table: Table): fc.Arbitrary<Statements> {
  return someRows(table)
    .filter((rows) => rows !== 'true')
    .map((rows) => [`DELETE FROM ${tableSql(table)} WHERE ${rows}`])
}

/** Gives a row the key of another number, where no row has it. */
function moveKey(table: Table, from: number, to: number): string {
  const values = identityOf(table, String(to))
  const set = table.identity.map(({ name }, index) => `${quoted(name)} = ${values[index]}`)
  return `UPDATE ${tableSql(table)} SET ${set.join(', ')} WHERE ${isNumber(table, from)}
    AND NOT EXISTS (SELECT FROM ${tableSql(table)} AS o WHERE ${isNumber(table, to, 'o.')})`
}

function changeKey(table: Table): fc.Arbitrary<Statements> {
  return fc
    .tuple(number, number, fc.boolean())
    .map(([from, to, isFreed]) => [
      ...(isFreed ? [`DELETE FROM ${tableSql(table)} WHERE ${isNumber(table, to)}`] : []),
      moveKey(table, from, to),
    ])
}

/** Many keys at once, each to where there is none yet. */
function shiftKeys(table: Table): fc.Arbitrary<Statements> {
  return fc.tuple(number, fc.integer({ min: 80, max: 400 })).map(([from, to]) => {
    const moves = Array.from({ length: 4 }, (_, index) => moveKey(table, from + index, to + index))
    return moves
  })
}

/** Gone and there again, within one transaction. */
function replace(table: Table): fc.Arbitrary<Statements> {
  return fc
    .tuple(number, rowOf(table, 'g'))
    .map(([n, row]) => [
      `DELETE FROM ${tableSql(table)} WHERE ${isNumber(table, n)}`,
      `INSERT INTO ${tableSql(table)} (${names(table.columns)}) SELECT ${row} FROM generate_series(${n}, ${n}) AS g`,
    ])
}

export function statementsOn(table: Table): fc.Arbitrary<Statements> {
  return fc.oneof(
    { weight: 6, arbitrary: insertMany(table) },
    { weight: 2, arbitrary: insertOdd(table) },
    { weight: 2, arbitrary: upsert(table) },
    { weight: 9, arbitrary: update(table) },
    { weight: 3, arbitrary: remove(table) },
    { weight: 2, arbitrary: changeKey(table) },
    { weight: 1, arbitrary: shiftKeys(table) },
    { weight: 2, arbitrary: replace(table) },
  )
}
