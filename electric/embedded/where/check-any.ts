import type { A_Expr, Node } from 'libpg-query'
import { castValue } from './casts.ts'
import { checkElements } from './check-array.ts'
import { type Context, checkNode } from './check-context.ts'
import { checkLikeValues, isLikeOperator } from './check-like.ts'
import { asValue, literalType, NO_OPERATOR, resolveUnknown } from './coercion.ts'
import { domainOf } from './domains.ts'
import type { Checked, Condition, Value } from './expression.ts'
import { asOperator, compare, operatorOf } from './operators.ts'
import { arrayOf, TEXT } from './types.ts'
import { refuse } from './where-error.ts'

/** `x = ANY (array)`, `x <> ALL (array)` and so on: of constants, or of a column. */
export function checkAnyOrAll(
  context: Context,
  node: A_Expr,
  kind: 'any' | 'all',
  location: number,
): Condition {
  const written = operatorOf(node)
  const left = checkNode(context, node.lexpr)
  const elements = checkElements(context, node.rexpr)
  if (elements) {
    const args = elements.map((element) =>
      isLikeOperator(written)
        ? checkLikeValues(context, left, { pattern: element, escapedBy: null }, written, location)
        : compare(context.params, asOperator(written, location), left, element, location),
    )
    return { kind: kind === 'any' ? 'or' : 'and', args }
  }
  const operator = asOperator(written, location)
  const array = checkArray(context, node.rexpr, left)
  const element = array.type.element ?? refuse(array.location, notAnArray(kind))
  const value = asValue(context.params, left, literalType(element))
  const domain = domainOf(value.type, element) ?? refuse(location, NO_OPERATOR)
  return {
    kind,
    operator,
    left: domain.castTo ? castValue(value, domain.castTo, location) : value,
    domain,
    elements: domain.castTo ? castValue(array, arrayOf(domain.castTo), location) : array,
  }
}

function checkArray(context: Context, node: Node | undefined, left: Checked): Value {
  const array = checkNode(context, node)
  if (array.kind !== 'unknown') return array
  const element = left.kind === 'unknown' ? TEXT : literalType(left.type)
  if (element.sqlName === null) return refuse(array.location, NO_OPERATOR)
  return resolveUnknown(context.params, array, arrayOf(element))
}

function notAnArray(kind: 'any' | 'all'): string {
  return `argument of ${kind.toUpperCase()} must be an array`
}
