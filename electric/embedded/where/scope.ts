import { quoteIdentifier } from '../catalog/identifiers.ts'
import type { Column, Relation } from '../catalog/relation.ts'
import type { ColumnValue } from './expression.ts'
import { opaqueType, type SqlType, typeByOid } from './types.ts'
import { refuse } from './where-error.ts'

/** The table whose columns a clause names. */
export interface Scope {
  readonly relation: Relation
  /** Of the columns whose types are not Postgres's own. */
  readonly types: ColumnTypes
}

export type ColumnTypes = ReadonlyMap<string, { readonly type: SqlType; readonly isDomain: boolean }>

/** @param path as written: a qualified name is none that is known */
export function columnValue(scope: Scope, path: readonly string[], location: number): ColumnValue {
  const [name = ''] = path
  const column = path.length === 1 ? findColumn(scope.relation, name) : null
  if (!column) refuse(location, `unknown reference ${path.map(asIdentifier).join('.')}`)
  if (!column.isPublished) {
    refuse(location, `column ${asIdentifier(name)} is generated and its changes are not published`)
  }
  const known = scope.types.get(name)
  const type = known?.type ?? typeByOid(column.typeOid) ?? opaqueType(column.typeName)
  if (isTextual(type) && !column.hasBytewiseEquality) {
    refuse(location, `column ${asIdentifier(name)} has a nondeterministic collation, which is not supported`)
  }
  return { kind: 'column', name, type, isDomain: known?.isDomain ?? false, location }
}

function findColumn({ columns }: Relation, name: string): Column | null {
  return columns.find((column) => column.name === name) ?? null
}

function isTextual(type: SqlType): boolean {
  return (type.element ?? type).family === 'string'
}

/** Quoted only where it must be. */
export function asIdentifier(name: string): string {
  return /^[\p{Ll}_][\p{Ll}\d_]*$/u.test(name) ? name : quoteIdentifier(name)
}
