import type { Column, Relation } from '../catalog/relation.ts'
import type { SubsetParams } from '../http/subset-params.ts'
import { mayFail } from './data-errors.ts'
import { ExpressionWriter } from './expression-writer.ts'
import { orderBySql } from './order-by-sql.ts'
import { parseOrderByClause, parseWhereClause } from './parse-clause.ts'
import { Refusal } from './refusal.ts'
import { type SubsetField, subsetError, subsetErrors } from './subset-error.ts'

/** A subset as SQL, written anew from what was understood of the caller's: safe to run as it stands. */
export interface CheckedSubset {
  readonly where: string | null
  readonly orderBy: string | null
  readonly limit: number | null
  readonly offset: number | null
  /** Whether an error in `where` may tell of a row's values. */
  readonly mayFail: boolean
  /** Of columns in `where`, types that only the catalog knows, and what to say where one is not allowed. */
  readonly userTypes: ReadonlyMap<number, string>
}

export interface SubsetScope {
  readonly relation: Relation
  /** What the shape carries. */
  readonly columns: readonly Column[]
  /** From `queryable_columns`. */
  readonly queryableColumns: readonly string[] | null
}

/** @throws ProtocolError 400 */
export async function checkSubset(subset: SubsetParams, scope: SubsetScope): Promise<CheckedSubset> {
  checkLimits(subset)
  const params = checkParams(subset.params)
  const columns = queryable(scope)
  const filter = await clause('where', subset.where, async (text) => {
    const tree = await parseWhereClause(text)
    const writer = new ExpressionWriter({ columns, params })
    return { where: writer.write(tree), mayFail: mayFail(tree, params), userTypes: writer.userTypes }
  })
  const orderBy = await clause('order_by', subset.orderBy, async (text) =>
    orderBySql(await parseOrderByClause(text), { columns, selected: scope.columns }),
  )
  return { ...(filter ?? NO_FILTER), orderBy, limit: subset.limit, offset: subset.offset }
}

const NO_FILTER = { where: null, mayFail: false, userTypes: new Map<number, string>() }

// The real service lets every column of the table be asked about where none are listed, those that the shape
// leaves out too: whoever may read the shape could find their values out by asking.
function queryable({ relation, columns, queryableColumns }: SubsetScope): ReadonlyMap<string, Column> {
  const listed = relation.columns.filter(({ name }) => queryableColumns?.includes(name))
  return new Map((queryableColumns ? listed : columns).map((column) => [column.name, column]))
}

function checkLimits({ orderBy, limit, offset }: SubsetParams): void {
  const errors: Record<string, string[]> = {}
  if (limit !== null && limit <= 0) errors.limit = ['must be greater than 0']
  if (offset !== null && offset < 0) errors.offset = ['must be greater than or equal to 0']
  if (orderBy === null && (limit !== null || offset !== null)) {
    errors.order_by = ['order_by is required when limit or offset is present']
  }
  if (Object.keys(errors).length > 0) throw subsetErrors(errors)
}

function checkParams(params: SubsetParams['params']): ReadonlyMap<number, string> {
  const entries = Object.entries(params)
  if (!entries.every(([key]) => /^\d{1,9}$/.test(key))) {
    throw subsetError('params', 'Parameters can only use numbers as keys')
  }
  const byNumber = new Map(entries.map(([key, value]) => [Number(key), value]))
  if (!entries.every((_, index) => byNumber.has(index + 1))) {
    throw subsetError('params', 'Parameters must be numbered sequentially, starting from 1')
  }
  if (entries.some(([, value]) => value.includes('\0'))) {
    throw subsetError('params', 'invalid byte sequence: 0x00')
  }
  return byNumber
}

async function clause<Result>(
  field: SubsetField,
  text: string | null,
  read: (text: string) => Promise<Result>,
): Promise<Result | null> {
  if (text === null) return null
  try {
    return await read(text)
  } catch (error) {
    throw error instanceof Refusal ? subsetError(field, error.message) : error
  }
}
