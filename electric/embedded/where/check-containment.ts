import type { A_Expr, Node } from 'libpg-query'
import { checkElements } from './check-array.ts'
import { type Context, checkNode } from './check-context.ts'
import { NO_OPERATOR, resolveArray, typeOf } from './coercion.ts'
import { domainOf } from './domains.ts'
import { type ArrayOperand, type Checked, type Condition, type Constant, isConstant } from './expression.ts'
import type { SqlType } from './types.ts'
import { refuse } from './where-error.ts'

const ARRAY_OPERATORS: ReadonlySet<string> = new Set(['@>', '<@', '&&'])

export function isArrayOperator(operator: string): boolean {
  return ARRAY_OPERATORS.has(operator)
}

type Operand = readonly Constant[] | Checked

/** `a @> b`, `a <@ b` and `a && b`, of arrays of one type. */
export function checkContainment(
  context: Context,
  node: A_Expr,
  operator: string,
  location: number,
): Condition {
  const left = checkOperand(context, node.lexpr)
  const right = checkOperand(context, node.rexpr)
  const element = elementOf(left) ?? elementOf(right) ?? refuse(location, NO_OPERATOR)
  const domain = domainOf(element, element) ?? refuse(location, NO_OPERATOR)
  const [a, b] = [left, right].map((each) => asArray(context, each, element, location))
  if (!a || !b) return refuse(location, NO_OPERATOR)
  if (operator === '&&') return { kind: 'overlaps', left: a, right: b, domain }
  return { kind: 'contains', left: operator === '@>' ? a : b, right: operator === '@>' ? b : a, domain }
}

function checkOperand(context: Context, node: Node | undefined): Operand {
  const elements = checkElements(context, node)
  if (elements === null) return checkNode(context, node)
  const variable = elements.find((element) => !isConstant(element))
  if (variable) return refuse(variable.location, 'only constants can be elements of an array here')
  return elements.filter(isConstant)
}

function elementOf(operand: Operand): SqlType | null {
  if ('length' in operand) return operand[0]?.type ?? null
  return typeOf(operand)?.element ?? null
}

function asArray({ params }: Context, operand: Operand, element: SqlType, location: number): ArrayOperand {
  if ('kind' in operand && operand.kind === 'unknown') return resolveArray(params, operand, element)
  if ('length' in operand && operand.length === 0) return refuse(location, NO_OPERATOR)
  if (elementOf(operand) !== element) return refuse(location, NO_OPERATOR)
  return operand
}
