import type { A_Expr } from 'libpg-query'
import { type Params, pair } from './coercion.ts'
import type { Checked, Condition, Operator } from './expression.ts'
import { asIdentifier } from './scope.ts'
import { namesOf } from './syntax.ts'
import { refuse } from './where-error.ts'

const OPERATORS: ReadonlySet<string> = new Set<Operator>(['=', '<>', '<', '<=', '>', '>='])

/** @returns as it is written, but for a name of one's own schema, which is none that is known */
export function operatorOf({ name }: A_Expr): string {
  const path = namesOf(name)
  return path.length === 2 && path[0] === 'pg_catalog' ? (path[1] ?? '') : path.join('.')
}

export function asOperator(operator: string, location: number): Operator {
  if (!OPERATORS.has(operator)) refuse(location, `unknown binary operator ${asIdentifier(operator)}`)
  return operator as Operator // one of the set
}

export function compare(
  params: Params,
  operator: Operator,
  left: Checked,
  right: Checked,
  location: number,
): Condition {
  return { kind: 'compare', operator, ...pair(params, left, right, location) }
}
