import fc from 'fast-check'
import { type Column, type Table, tableSql } from './random-tables.ts'
import { type Where, whereOn } from './random-where.ts'
import { quoted } from './sql-text.ts'

/** A shape, as a client asks for it. */
export interface Subject {
  readonly table: Table
  /** Null for all that there are, also those that come later. */
  readonly columns: readonly Column[] | null
  readonly where: Where | null
  readonly replica: 'default' | 'full'
}

export function subjectsOn(table: Table, all: readonly Table[]): fc.Arbitrary<Subject> {
  return fc.record({
    table: fc.constant(table),
    columns: fc.oneof(fc.constant(null), columnsOf(table)),
    where: fc.option(whereOn(table, all), { freq: 4 }),
    replica: fc.constantFrom('default', 'full'),
  })
}

// The key must be there. Without one every column is part of it, also those that come later.
function columnsOf({ columns, primaryKey }: Table): fc.Arbitrary<readonly Column[] | null> {
  if (primaryKey.length === 0) return fc.constant(null)
  return fc
    .subarray([...columns])
    .map((some) => columns.filter((column) => some.includes(column) || primaryKey.includes(column)))
}

/** As they stand in a URL. */
export function paramsOf({ table, columns, where, replica }: Subject): Record<string, string> {
  return {
    table: tableSql(table),
    ...(columns ? { columns: columns.map(({ name }) => quoted(name)).join(',') } : {}),
    ...(where ? { where: where.text } : {}),
    ...Object.fromEntries((where?.params ?? []).map((value, index) => [`params[${index + 1}]`, value])),
    ...(replica === 'full' ? { replica } : {}),
  }
}

export function describeSubject(subject: Subject): string {
  return JSON.stringify(paramsOf(subject))
}
