import type { A_Const, ColumnRef, Node } from 'libpg-query'
import type { Column } from '../catalog/relation.ts'
import { columnSql } from './column-sql.ts'
import { describeNode, fieldName } from './nodes.ts'
import { noSubquery, type Refusal, refuseOrder } from './refusal.ts'

export interface Sortable {
  /** Those that may be named. */
  readonly columns: ReadonlyMap<string, Column>
  /** Those that a number stands for, counted from 1. */
  readonly selected: readonly Column[]
}

/** @throws Refusal */
export function orderBySql(items: readonly Node[], sortable: Sortable): string {
  return items.map((item) => itemSql(item, sortable)).join(', ')
}

const DIRECTIONS = new Map([
  ['SORTBY_DEFAULT', ''],
  ['SORTBY_ASC', ' ASC'],
  ['SORTBY_DESC', ' DESC'],
])
const NULLS = new Map([
  ['SORTBY_NULLS_DEFAULT', ''],
  ['SORTBY_NULLS_FIRST', ' NULLS FIRST'],
  ['SORTBY_NULLS_LAST', ' NULLS LAST'],
])

function itemSql(item: Node, sortable: Sortable): string {
  if (!('SortBy' in item)) throw notAllowed(item)
  const { node, sortby_dir, sortby_nulls, location } = item.SortBy
  const direction = DIRECTIONS.get(sortby_dir ?? '')
  const nulls = NULLS.get(sortby_nulls ?? '')
  if (!node || direction === undefined || nulls === undefined) {
    throw refuseOrder(location, 'USING is not allowed in ORDER BY clauses')
  }
  return sortedSql(node, sortable) + direction + nulls
}

function sortedSql(node: Node, sortable: Sortable): string {
  if ('ColumnRef' in node) return namedSql(node.ColumnRef, sortable)
  if ('A_Const' in node) return numberedSql(node.A_Const, sortable)
  throw notAllowed(node)
}

function namedSql({ fields = [], location }: ColumnRef, { columns }: Sortable): string {
  const path = fields.map(fieldName)
  const name = path.join('.')
  if (path.length !== 1 || !columns.has(name)) throw refuseOrder(location, `unknown reference ${name}`)
  return columnSql(name)
}

function numberedSql({ ival, location }: A_Const, { selected, columns }: Sortable): string {
  if (!ival) throw refuseOrder(location, 'non-integer constant in ORDER BY')
  const position = ival.ival ?? 0
  const column = selected[position - 1]
  if (!column || !columns.has(column.name)) {
    throw refuseOrder(location, `ORDER BY position ${position} is not in select list`)
  }
  return columnSql(column.name)
}

function notAllowed(node: Node): Refusal {
  const { kind, location } = describeNode(node)
  if (kind === 'SubLink') return noSubquery()
  return refuseOrder(location, `${kind} expressions are not allowed in ORDER BY clauses`)
}
