import type { A_Expr, Node } from 'libpg-query'
import { castValue } from './casts.ts'
import { checkElements } from './check-array.ts'
import { type Context, checkNode } from './check-context.ts'
import { checkLikeValues, isLikeOperator } from './check-like.ts'
import { asValue, castConstantInto, literalType, NO_OPERATOR, resolveUnknown } from './coercion.ts'
import { type Domain, domainOf } from './domains.ts'
import type { Checked, ColumnValue, Condition, Constant } from './expression.ts'
import { asOperator, compare, operatorOf } from './operators.ts'
import { arrayOf, type SqlType, TEXT } from './types.ts'
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
  const array = checkArray(context, node.rexpr, left, kind)
  const element = array.type.element ?? refuse(array.location, notAnArray(kind))
  const value = asValue(context.params, left, literalType(element))
  const domain = domainOf(value.type, element) ?? refuse(location, NO_OPERATOR)
  return {
    kind,
    operator,
    left: domain.castTo ? castValue(value, domain.castTo, location) : value,
    domain,
    elements:
      array.kind === 'constant' ? castConstantInto(array, domain) : asCompared(array, domain, location),
  }
}

function checkArray(
  context: Context,
  node: Node | undefined,
  left: Checked,
  kind: 'any' | 'all',
): Constant | ColumnValue {
  const array = checkNode(context, node)
  if (array.kind === 'unknown') {
    const element = left.kind === 'unknown' ? TEXT : literalType(left.type)
    if (element.sqlName === null) return refuse(array.location, NO_OPERATOR)
    return resolveUnknown(context.params, array, arrayOf(element))
  }
  if (array.kind === 'constant' || array.kind === 'column') return array
  return refuse(array.location, notAnArray(kind))
}

function notAnArray(kind: 'any' | 'all'): string {
  return `argument of ${kind.toUpperCase()} must be an array`
}

// The elements stay as they are, those of varchar apart, which are texts.
function asCompared(array: ColumnValue, { castTo }: Domain, location: number): ColumnValue {
  const element: SqlType | null = array.type.element
  const isAsIs = castTo === null || castTo === element || (castTo === TEXT && element?.name === 'varchar')
  return isAsIs ? array : refuse(location, NO_OPERATOR)
}
