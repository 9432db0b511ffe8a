import { getTableColumns, getTableName } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'

/** Whose rows a shape carries: those of one session, for its members; or those of one account, for that account alone. */
export type Scope = 'session' | 'account'

export interface Shape {
  table: string
  columns: readonly string[]
  scope: Scope
  /** The one column that the one predicate compares: `<scopeColumn> = $1`. */
  scopeColumn: string
}

/** The scope rule has no exceptions: there is no way to say any other predicate. */
export function defineShape<T extends PgTable>(
  table: T,
  scope: Scope,
  columns: readonly (keyof T['_']['columns'] & string)[],
  scopeColumn: keyof T['_']['columns'] & string = `${scope}_id`,
): Shape {
  const known = getTableColumns(table)
  for (const column of [...columns, scopeColumn]) {
    if (!(column in known)) throw new TypeError(`${getTableName(table)} has no column ${column}`)
  }
  return { table: getTableName(table), columns, scope, scopeColumn }
}
