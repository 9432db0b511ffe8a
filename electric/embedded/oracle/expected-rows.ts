import type { Sql } from 'postgres'
import { DISPLAY_SETTINGS } from '../replication/replication.ts'
import type { Subject } from './random-subjects.ts'
import { tableSql } from './random-tables.ts'
import type { ExpectedRows } from './reader.ts'
import { literal, quoted } from './sql-text.ts'
import { keyOf } from './strict-rows.ts'

interface CatalogColumn {
  name: string
  is_padded: boolean
  is_array: boolean
}

/** What Postgres finds for a shape now. */
export async function expectedRows(sql: Sql, subject: Subject): Promise<ExpectedRows> {
  const columns = await columnsOf(sql, subject)
  const names = columns.map(({ name }) => quoted(name))
  const texts = columns.map(({ is_padded }, index) => textOf(names[index] ?? '', is_padded))
  const where = subject.where ? `WHERE ${subject.where.sql}` : ''
  const rows = await sql.begin('read only', async (transaction) => {
    const settings = Object.entries(DISPLAY_SETTINGS).map(
      ([name, value]) => `SET LOCAL ${name} = ${literal(value)}`,
    )
    await transaction.unsafe(settings.join('; '))
    return transaction.unsafe(`SELECT ${texts.join(', ')} FROM ${tableSql(subject.table)} ${where}`).values()
  })
  const byKey = rows.map((values) => {
    const row = Object.fromEntries(columns.map(({ name }, index) => [name, values[index] as string | null])) // cast to text
    return [keyOf(subject, row), row] as const
  })
  return { columns: columns.map(({ name, is_array }) => ({ name, isArray: is_array })), rows: new Map(byKey) }
}

async function columnsOf(sql: Sql, { table, columns }: Subject): Promise<readonly CatalogColumn[]> {
  const all = await sql<CatalogColumn[]>`
    SELECT attname AS name, atttypid = 'bpchar'::regtype AS is_padded, typcategory = 'A' AS is_array
    FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid
    WHERE attrelid = ${tableSql(table)}::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`
  return all.filter(({ name }) => columns === null || columns.some((column) => column.name === name))
}

// A cast to text drops the blanks that fill such a column up, which its own output does not.
function textOf(name: string, isPadded: boolean): string {
  return isPadded ? `CASE WHEN ${name} IS NOT NULL THEN concat(${name}, '') END` : `${name}::text`
}
