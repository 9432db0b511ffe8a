import type { A_Expr, Node } from 'libpg-query'
import { castValue } from './casts.ts'
import { type Context, checkNode } from './check-context.ts'
import { asValue, commonType, pair } from './coercion.ts'
import { type Checked, type Condition, type Constant, isConstant, type Unknown } from './expression.ts'
import { compare, operatorOf } from './operators.ts'

/** `x IN (…)`: the constants make one list, of one type; what varies with the row is compared by itself. */
export function checkIn(context: Context, node: A_Expr, location: number): Condition {
  const left = checkNode(context, node.lexpr)
  const items = itemsOf(node.rexpr).map((item) => checkNode(context, item))
  const constants = items.filter(isFixed)
  const rest = items.filter((item) => !isFixed(item))
  const conditions = rest.map((item) => compare(context.params, '=', left, item, location))
  const all = [...checkConstants(context, left, constants, location), ...conditions]
  const [first] = all
  const found: Condition = all.length === 1 && first ? first : { kind: 'or', args: all }
  return operatorOf(node) === '<>' ? { kind: 'not', arg: found } : found
}

function isFixed(checked: Checked): checked is Constant | Unknown {
  return checked.kind === 'constant' || checked.kind === 'unknown'
}

// A single one is compared with an operator for the two types, several become of one type first.
function checkConstants(
  context: Context,
  left: Checked,
  constants: readonly (Constant | Unknown)[],
  location: number,
): Condition[] {
  const type = constants.length > 1 ? commonType([left, ...constants]) : null
  if (!type) return constants.map((each) => compare(context.params, '=', left, each, location))
  const { params } = context
  const elements = constants.map((each) => castValue(asValue(params, each, type), type))
  const [first] = elements
  if (!first) return []
  const { left: value, domain } = pair(params, left, first, location)
  return [
    {
      kind: 'any',
      operator: '=',
      left: value,
      domain,
      elements: elements.map((each) => pair(params, value, each, location).right).filter(isConstant),
    },
  ]
}

function itemsOf(node: Node | undefined): readonly Node[] {
  return node && 'List' in node ? (node.List.items ?? []) : []
}
