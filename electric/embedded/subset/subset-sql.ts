import { quoteIdentifier } from '../catalog/identifiers.ts'
import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import { columnText } from '../snapshot/column-text.ts'
import type { CheckedSubset } from './check-subset.ts'
import { columnSql, ROW } from './column-sql.ts'

export interface SubsetSql {
  readonly text: string
  /** Where in the text the order begins. */
  readonly orderAt: number
}

export function subsetSql(definition: ShapeDefinition, subset: CheckedSubset): SubsetSql {
  const { relation, columns } = definition
  const selected = columns.map((column) => columnText(column, columnSql(column.name)))
  const table = `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`
  const rows = `SELECT ${selected.join(', ')} FROM ONLY ${table} AS ${ROW} WHERE ${filterSql(definition, subset)}`
  const text = `COPY (${rows}${orderSql(subset)}) TO STDOUT`
  return { text, orderAt: `COPY (${rows}`.length }
}

function filterSql({ where: main }: ShapeDefinition, { where, mayFail }: CheckedSubset): string {
  if (!main || where === null) return main?.sql ?? where ?? 'true'
  // Alone it would be tried on rows of others too, if Postgres thinks it the cheaper test.
  const guarded = mayFail ? `CASE WHEN (${main.sql}) THEN ${where} ELSE false END` : where
  return `(${main.sql}) AND ${guarded}`
}

function orderSql({ orderBy, limit, offset }: CheckedSubset): string {
  return [
    orderBy === null ? '' : ` ORDER BY ${orderBy}`,
    limit === null ? '' : ` LIMIT ${limit}`,
    offset === null ? '' : ` OFFSET ${offset}`,
  ].join('')
}
