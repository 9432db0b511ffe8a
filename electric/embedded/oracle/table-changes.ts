import fc from 'fast-check'
import { createTableSql, dropTableSql, publishTableSql, type Table, tableSql } from './random-tables.ts'
import { quoted } from './sql-text.ts'

/**
 * A schema change, and a write after it: only with the next write does the stream tell of the change, and until
 * then the real service too answers from what it knew.
 */
export interface TableChange {
  readonly table: Table
  readonly sql: readonly string[]
}

// They come and go; statements and shapes of named columns know nothing of them.
const EXTRA = ['extra', 'Extra "2"']

export function changeOfTable(all: readonly Table[]): fc.Arbitrary<TableChange> {
  return fc.constantFrom(...all).chain((table) => {
    return changes(table, all).map((sql) => ({ table, sql: [...sql, ...announce(table)] }))
  })
}

function changes(table: Table, all: readonly Table[]): fc.Arbitrary<readonly string[]> {
  const name = tableSql(table)
  const extra = fc.constantFrom(...EXTRA).map(quoted)
  return fc.oneof(
    fc.constant([`TRUNCATE ${name}`]),
    fc.constant([`TRUNCATE ${all.map(tableSql).join(', ')}`]),
    extra.map((column) => [`ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${column} int4`]),
    extra.map((column) => [
      `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${column} text DEFAULT 'was/not there'`,
    ]),
    extra.map((column) => [`ALTER TABLE ${name} DROP COLUMN IF EXISTS ${column}`]),
    extra.map((column) => [
      `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${column} int4`,
      `ALTER TABLE ${name} ALTER COLUMN ${column} TYPE text`,
    ]),
    fc.constant([dropTableSql(table), createTableSql(table), publishTableSql(table)]),
  )
}

// One of the two changes a row, whatever there was.
function announce(table: Table): readonly string[] {
  const columns = table.columns.map(({ name }) => quoted(name)).join(', ')
  const values = table.columns.map(({ kind }) => kind.of('900')).join(', ')
  const name = tableSql(table)
  const [first] = table.columns.map((column) => quoted(column.name))
  return [
    `INSERT INTO ${name} (${columns}) VALUES (${values}) ON CONFLICT DO NOTHING`,
    `UPDATE ${name} SET ${first} = ${first}`,
  ]
}
