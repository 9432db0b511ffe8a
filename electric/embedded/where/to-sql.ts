import { quoteIdentifier } from '../catalog/identifiers.ts'
import type { Relation } from '../catalog/relation.ts'
import { writeArray } from './array-text.ts'
import type { Resolved } from './constants.ts'
import type { Domain } from './domains.ts'
import {
  type AnyOrAll,
  type ArrayOperand,
  type ColumnValue,
  type Condition,
  type Constant,
  type Containment,
  isConstant,
  type Like,
  type Membership,
  type Value,
} from './expression.ts'
import { type LikePattern, writeLikePattern } from './like-pattern.ts'
import { literalSql } from './literal-sql.ts'
import { arrayOf, TEXT } from './types.ts'
import { refuse } from './where-error.ts'

export interface SqlSource {
  readonly resolved: Resolved
  readonly patterns: ReadonlyMap<Like, LikePattern | null>
  /** Before a column's name: empty, or a table's alias and a point. */
  readonly qualifier: string
}

/**
 * Writes a condition for Postgres: every operator and type by its full name, every constant as it was resolved, in
 * brackets throughout. What the caller wrote is not in it.
 */
export function conditionSql(condition: Condition, source: SqlSource): string {
  const sql = `(${bareSql(condition, source)})`
  // Nested IS DISTINCT FROMs say the innermost many times.
  if (sql.length > MAX_LENGTH) refuse(null, 'the expression is too complex')
  return sql
}

const MAX_LENGTH = 2 * 1024 * 1024

function bareSql(condition: Condition, source: SqlSource): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return junctionSql(condition.kind, condition.args, source)
    case 'not':
      return `NOT ${conditionSql(condition.arg, source)}`
    case 'value':
      return valueSql(condition.value, source)
    case 'is':
      return `${conditionSql(condition.arg, source)} IS ${stateSql(condition.state)}`
    case 'isNull':
      return `${valueSql(condition.arg, source)} IS NULL`
    case 'compare': {
      const { operator, left, right, domain } = condition
      return operationSql(left, operator, right, domain, source)
    }
    case 'distinct': {
      const { left, right, domain } = condition
      const bothNull = [left, right].map((each) => `${valueSql(each, source)} IS NULL`).join(' AND ')
      return `NOT COALESCE(${operationSql(left, '=', right, domain, source)}, ${bothNull})`
    }
    case 'like':
      return likeSql(condition, source)
    case 'any':
    case 'all':
      return anyOrAllSql(condition, source)
    case 'contains':
    case 'overlaps':
      return containmentSql(condition, source)
    case 'member':
      return memberSql(condition, source)
  }
}

function junctionSql(kind: 'and' | 'or', args: readonly Condition[], source: SqlSource): string {
  if (args.length === 0) return kind === 'and' ? 'true' : 'false'
  return args.map((arg) => conditionSql(arg, source)).join(kind === 'and' ? ' AND ' : ' OR ')
}

function stateSql(state: boolean | null): string {
  if (state === null) return 'UNKNOWN'
  return state ? 'TRUE' : 'FALSE'
}

function valueSql(value: Value, source: SqlSource): string {
  switch (value.kind) {
    case 'column': {
      const name = source.qualifier + quoteIdentifier(value.name)
      return value.isDomain && value.type.sqlName ? `${name}::pg_catalog.${value.type.sqlName}` : name
    }
    case 'constant':
      return constantSql(value, source)
    case 'cast':
      return `(${valueSql(value.arg, source)})::pg_catalog.${value.type.sqlName}`
    case 'fold':
      return `pg_catalog.${value.name}(${valueSql(value.arg, source)})`
    case 'condition':
      return conditionSql(value.condition, source)
  }
}

function constantSql(constant: Constant, { resolved }: SqlSource): string {
  return literalSql(resolved.get(constant) ?? null, constant.type)
}

/**
 * Texts are ordered by their bytes, as they are here. Equal they are under any collation when their bytes are; two
 * columns of different collations cannot be compared without one.
 */
function operationSql(
  left: Value,
  operator: string,
  right: Value,
  domain: Domain,
  source: SqlSource,
): string {
  const isEquality = operator === '=' || operator === '<>'
  const needsCollation = domain.isCollated && !(isEquality && [left, right].some(isConstant))
  const side = (value: Value) => valueSql(value, source) + (needsCollation ? ' COLLATE "C"' : '')
  return `${side(left)} ${operatorSql(operator)} ${side(right)}`
}

function operatorSql(operator: string): string {
  return `OPERATOR(pg_catalog.${operator})`
}

function likeSql(like: Like, source: SqlSource): string {
  const pattern = source.patterns.get(like) ?? null
  const text = pattern && writeLikePattern(pattern)
  const operator = operatorSql(like.fold ? '~~*' : '~~')
  return `${valueSql(like.arg, source)} ${operator} ${literalSql(text, TEXT)}`
}

function anyOrAllSql({ kind, operator, left, domain, elements }: AnyOrAll, source: SqlSource): string {
  const isEquality = operator === '=' || operator === '<>'
  const needsCollation = domain.isCollated && !(isEquality && Array.isArray(elements))
  const value = valueSql(left, source) + (needsCollation ? ' COLLATE "C"' : '')
  return `${value} ${operatorSql(operator)} ${kind.toUpperCase()} (${elementsSql(elements, source)})`
}

// Arrays of two columns may have two collations, and be comparable under neither.
function containmentSql({ kind, left, right, domain }: Containment, source: SqlSource): string {
  const needsCollation =
    domain.isCollated && ![left, right].some((each) => 'length' in each || isConstant(each))
  const [a, b] = [left, right].map(
    (each) => elementsSql(each, source) + (needsCollation ? ' COLLATE "C"' : ''),
  )
  return `${a} ${operatorSql(kind === 'contains' ? '@>' : '&&')} ${b}`
}

function elementsSql(elements: ArrayOperand, source: SqlSource): string {
  if ('length' in elements) {
    const [first] = elements
    const array = writeArray(elements.map((each) => source.resolved.get(each) ?? null))
    return literalSql(array, arrayOf(first?.type ?? TEXT))
  }
  return valueSql(elements, source)
}

// Its own table's columns by its alias: no name can be taken for the outer table's.
function memberSql({ arg, subquery }: Membership, source: SqlSource): string {
  const { relation, column, where } = subquery
  const inner = { ...source, qualifier: `${subqueryAlias(source.qualifier)}.` }
  return `${valueSql(arg, source)} ${operatorSql('=')} ANY (${selectSql(relation, column, where, inner)})`
}

/** Each level has its own: `s1`, `s2`, … */
function subqueryAlias(outer: string): string {
  return `s${Number(outer.slice(1, -1) || '0') + 1}`
}

/** What a subquery selects, its nulls included. */
export function membersSql(
  { relation, column, where }: Membership['subquery'],
  source: Pick<SqlSource, 'resolved' | 'patterns'>,
): string {
  const inner = { ...source, qualifier: 's1.' }
  return `SELECT DISTINCT value FROM (${selectSql(relation, column, where, inner, '::pg_catalog.text AS value')}) AS members`
}

function selectSql(
  { schema, name }: Relation,
  column: ColumnValue,
  where: Condition | null,
  source: SqlSource,
  suffix = '',
): string {
  const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)} AS ${source.qualifier.slice(0, -1)}`
  const filter = where ? ` WHERE ${conditionSql(where, source)}` : ''
  return `SELECT ${valueSql(column, source)}${suffix} FROM ONLY ${table}${filter}`
}
