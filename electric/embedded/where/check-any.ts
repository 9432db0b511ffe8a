import type { A_Expr, Node } from 'libpg-query'
import { castValue } from './casts.ts'
import { checkElements } from './check-array.ts'
import { type Context, checkNode } from './check-context.ts'
import { checkLikeValues, isLikeOperator } from './check-like.ts'
import { asValue, literalType, NO_OPERATOR, pair, resolveArray, typeOf } from './coercion.ts'
import { domainOf } from './domains.ts'
import { type Checked, type Condition, isConstant, type Value } from './expression.ts'
import { asOperator, operatorOf } from './operators.ts'
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
  if (elements) return checkEach(context, left, written, elements, kind, location)
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

function checkEach(
  context: Context,
  left: Checked,
  written: string,
  elements: readonly Value[],
  kind: 'any' | 'all',
  location: number,
): Condition {
  const junction = (args: readonly Condition[]): Condition => ({ kind: kind === 'any' ? 'or' : 'and', args })
  if (isLikeOperator(written)) {
    return junction(
      elements.map((pattern) =>
        checkLikeValues(context, left, { pattern, escapedBy: null }, written, location),
      ),
    )
  }
  const operator = asOperator(written, location)
  const pairs = elements.map((element) => pair(context.params, left, element, location))
  const [first] = pairs
  const constants = pairs.map(({ right }) => right).filter(isConstant)
  if (!first || constants.length < pairs.length) {
    return junction(pairs.map((each) => ({ kind: 'compare', operator, ...each })))
  }
  return { kind, operator, left: first.left, domain: first.domain, elements: constants }
}

function checkArray(context: Context, node: Node | undefined, left: Checked): Value {
  const array = checkNode(context, node)
  if (array.kind !== 'unknown') return array
  return resolveArray(context.params, array, literalType(typeOf(left) ?? TEXT))
}

function notAnArray(kind: 'any' | 'all'): string {
  return `argument of ${kind.toUpperCase()} must be an array`
}
