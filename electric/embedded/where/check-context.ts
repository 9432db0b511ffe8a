import type { Node } from 'libpg-query'
import { asCondition, type Params } from './coercion.ts'
import type { Checked, Condition } from './expression.ts'
import type { Scope } from './scope.ts'
import { refuse } from './where-error.ts'

/** What a clause is checked against, and how the parts of its parts are. */
export interface Context {
  readonly scope: Scope
  readonly params: Params
  /** The tables that may be read besides, by `tableKey`. */
  readonly subscopes: ReadonlyMap<string, Scope>
  /** How many more parts may be checked: BETWEEN looks at its left side up to four times, at each of its levels. */
  readonly budget: { left: number }
  /** @throws WhereError for anything that is not certain to mean the same here and in Postgres */
  readonly check: (context: Context, node: Node) => Checked
}

/** The parser's types leave open what its grammar does not. */
export function checkNode(context: Context, node: Node | undefined): Checked {
  return node ? context.check(context, node) : refuse(null, 'malformed query')
}

export function checkCondition(context: Context, node: Node | undefined): Condition {
  return asCondition(context.params, checkNode(context, node))
}
