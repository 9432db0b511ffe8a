import type { Node, RangeVar, SelectStmt, SubLink } from 'libpg-query'
import type { RelationName } from '../catalog/identifiers.ts'
import { type Context, checkCondition, checkNode } from './check-context.ts'
import { domainOf } from './domains.ts'
import type { ColumnValue, Condition } from './expression.ts'
import type { Scope } from './scope.ts'
import { locationOf, nodesOf } from './syntax.ts'
import { refuse } from './where-error.ts'

/** `column IN (SELECT column FROM table WHERE …)` */
export function checkSubLink(context: Context, node: SubLink): Condition {
  const location = locationOf(node.location)
  if (node.subLinkType !== 'ANY_SUBLINK' || node.operName) {
    refuse(location, 'only `value IN (SELECT ...)` sublinks are supported right now')
  }
  const arg = checkNode(context, node.testexpr)
  if (arg.kind !== 'column') {
    refuse(location, 'currently, left side of `IN (SELECT ...)` can only be a column reference')
  }
  const { column, scope, where } = checkSelect(context, node.subselect)
  const domain = arg.type === column.type ? domainOf(arg.type, column.type) : null
  if (!domain) {
    refuse(
      location,
      `left side of \`IN (SELECT ...)\` has type ${arg.type.name} but subquery returns ${column.type.name}`,
    )
  }
  return { kind: 'member', arg, subquery: { relation: scope.relation, column, where, domain } }
}

interface CheckedSelect {
  readonly scope: Scope
  readonly column: ColumnValue
  readonly where: Condition | null
}

// What it names is its own table's: a column of the outer one would make its rows depend on the row they are asked for.
function checkSelect(context: Context, node: Node | undefined): CheckedSelect {
  const select = selectOf(node)
  const scope = context.subscopes.get(tableKey(tableOf(select)))
  if (!scope) return refuse(null, 'Expected a single table reference')
  const inner = { ...context, scope }
  const [target, ...others] = select.targetList ?? []
  const value = target && 'ResTarget' in target ? target.ResTarget.val : undefined
  const column = value && others.length === 0 ? checkNode(inner, value) : null
  if (column?.kind !== 'column') return refuse(null, 'Expected a plain column reference')
  const where = select.whereClause ? checkCondition(inner, select.whereClause) : null
  return { scope, column, where }
}

const ALLOWED: ReadonlySet<string> = new Set<keyof SelectStmt>([
  'targetList',
  'fromClause',
  'whereClause',
  'op',
  'limitOption',
])

function selectOf(node: Node | undefined): SelectStmt {
  const select = node && 'SelectStmt' in node ? node.SelectStmt : null
  if (!select) return refuse(null, 'Expected exactly one SELECT statement')
  const isPlain = select.op === 'SETOP_NONE' && select.limitOption === 'LIMIT_OPTION_DEFAULT'
  if (!isPlain || Object.keys(select).some((key) => !ALLOWED.has(key))) {
    refuse(null, 'SELECT statement must not contain any clauses')
  }
  return select
}

function tableOf({ fromClause = [] }: SelectStmt): RelationName {
  const [first, ...others] = fromClause
  const table = first && others.length === 0 && 'RangeVar' in first ? first.RangeVar : null
  if (!table || !isPlainTable(table)) return refuse(null, 'Expected a single table reference')
  return { schema: table.schemaname ?? 'public', name: table.relname ?? '' }
}

function isPlainTable({ catalogname, inh, alias }: RangeVar): boolean {
  return !catalogname && inh === true && !alias?.colnames
}

export function tableKey({ schema, name }: RelationName): string {
  return JSON.stringify([schema, name])
}

/** The tables that a clause reads besides its own; their columns must be known before it is checked. */
export function subqueryTables(clause: Node): RelationName[] {
  const tables = new Map<string, RelationName>()
  for (const node of nodesOf(clause)) {
    if (!('SubLink' in node)) continue
    const { subselect } = node.SubLink as SubLink // by its name
    const table = tableOf(selectOf(subselect))
    tables.set(tableKey(table), table)
  }
  return [...tables.values()]
}

/** The names by which a clause may mean columns. */
export function columnNames(clause: Node): ReadonlySet<string> {
  const names = new Set<string>()
  for (const node of nodesOf(clause)) {
    if ('sval' in node && typeof node.sval === 'string') names.add(node.sval)
  }
  return names
}
