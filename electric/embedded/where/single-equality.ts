import { parseIdentifier } from '../identifiers.ts'
import { invalidRequest } from '../protocol-error.ts'
import type { Column, Relation } from '../relation.ts'
import type { Where } from './index.ts'
import { columnSql, literalSql } from './sql-text.ts'

/** A predicate whose value Postgres has not read yet. */
export interface UnreadEquality {
  readonly column: Column
  readonly castTo: string
  readonly parameter: string
  readonly location: number
}

const EQUALS_FIRST_PARAMETER = /^\s*("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{M}_0-9$]*)\s*=\s*(\$1)\s*$/u
const ONLY =
  'The embedded server supports `<column> = $1` only, with the value in params[1], for columns of type uuid, text, varchar, int2, int4, int8 and bool'

// For these, two values are equal exactly when Postgres prints them the same.
const CASTS: ReadonlyMap<number, string> = new Map([
  [16, 'bool'],
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [25, 'text'],
  [1043, 'varchar'],
  [2950, 'uuid'],
])

/** @throws ProtocolError 400 */
export function parseWhere(
  where: string,
  params: ReadonlyMap<number, string>,
  relation: Relation,
): UnreadEquality {
  const match = EQUALS_FIRST_PARAMETER.exec(where)
  if (!match?.[1]) throw invalidRequest('where', ONLY)
  const name = parseIdentifier(match[1])
  const column = relation.columns.find((each) => each.name === name)
  if (!column)
    throw invalidRequest('where', `At location ${where.indexOf(match[1])}: unknown reference ${name}`)
  const castTo = CASTS.get(column.typeOid)
  if (!castTo || !column.hasBytewiseEquality) throw invalidRequest('where', ONLY)
  const location = where.lastIndexOf('$1')
  const parameter = params.get(1)
  if (parameter === undefined) {
    throw invalidRequest('where', `At location ${location}: parameter $1 was not provided`)
  }
  if (params.size > 1) throw invalidRequest('where', ONLY)
  return { column, castTo, parameter, location }
}

/** The value as pgoutput prints it: a boolean is one letter there, a word after a cast to text. */
export function streamedText(castTo: string, text: string): string {
  return castTo === 'bool' ? text.slice(0, 1) : text
}

export function invalidValue(predicate: UnreadEquality): Error {
  const { location, castTo, parameter } = predicate
  return invalidRequest('where', `At location ${location}: invalid syntax for type ${castTo}: ${parameter}`)
}

export function equalityWhere({ column, castTo }: UnreadEquality, value: string): Where {
  const sql = `${columnSql(column.name)} OPERATOR(pg_catalog.=) ${literalSql(value, castTo)}`
  const where: Where = {
    key: sql,
    sql,
    equality: { column: column.name, value, isWhole: true },
    dependencies: [],
    needsLoad: false,
    bind: (columns) => {
      const index = columns.findIndex(({ name }) => name === column.name)
      return (row) => row[index] === value
    },
    load: async () => {},
    forOneShape: () => where,
  }
  return where
}
