import type { A_Expr, Node } from 'libpg-query'
import { checkAnyOrAll } from './check-any.ts'
import { checkContainment, isArrayOperator } from './check-containment.ts'
import { type Context, checkNode } from './check-context.ts'
import { checkIn } from './check-in.ts'
import { checkLike, isLikeOperator } from './check-like.ts'
import { NO_OPERATOR, pair } from './coercion.ts'
import type { Checked, Condition, Operator } from './expression.ts'
import { asOperator, compare, operatorOf } from './operators.ts'
import { asIdentifier } from './scope.ts'
import { locationOf } from './syntax.ts'
import { refuse } from './where-error.ts'

export function checkOperation(context: Context, node: A_Expr): Condition {
  const location = locationOf(node.location)
  switch (node.kind) {
    case 'AEXPR_OP':
      return checkOperator(context, node, location)
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return checkLike(context, node, operatorOf(node), location)
    case 'AEXPR_DISTINCT':
      return checkDistinct(context, node, location)
    case 'AEXPR_NOT_DISTINCT':
      return { kind: 'not', arg: checkDistinct(context, node, location) }
    case 'AEXPR_IN':
      return checkIn(context, node, location)
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
      return checkBetween(context, node, location)
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return { kind: 'not', arg: checkBetween(context, node, location) }
    case 'AEXPR_OP_ANY':
      return checkAnyOrAll(context, node, 'any', location)
    case 'AEXPR_OP_ALL':
      return checkAnyOrAll(context, node, 'all', location)
    default:
      return refuse(location, `expression ${operatorOf(node)} of :${node.kind} is not currently supported`)
  }
}

function checkOperator(context: Context, node: A_Expr, location: number): Condition {
  const operator = operatorOf(node)
  if (!node.lexpr) return refuse(location, `unknown unary operator ${asIdentifier(operator)}`)
  if (isArrayOperator(operator)) return checkContainment(context, node, operator, location)
  if (isLikeOperator(operator)) return checkLike(context, node, operator, location)
  const checked = [checkNode(context, node.lexpr), checkNode(context, node.rexpr)] as const
  return compare(context.params, asOperator(operator, location), ...checked, location)
}

// Beside a NULL this is a test for null, of whatever type the other side is.
function checkDistinct(context: Context, { lexpr, rexpr }: A_Expr, location: number): Condition {
  const left = checkNode(context, lexpr)
  const right = checkNode(context, rexpr)
  const other = isNullLiteral(left) ? right : isNullLiteral(right) ? left : null
  if (other?.kind === 'column' && other.type.family === 'row') return refuse(location, NO_OPERATOR)
  if (other && other.kind !== 'unknown') return { kind: 'not', arg: { kind: 'isNull', arg: other } }
  return { kind: 'distinct', ...pair(context.params, left, right, location) }
}

function isNullLiteral(checked: Checked): boolean {
  return checked.kind === 'unknown' && checked.text === null
}

// As Postgres spells it out, the left side once for each bound.
function checkBetween(context: Context, { kind, lexpr, rexpr }: A_Expr, location: number): Condition {
  const [low, high] = boundsOf(rexpr)
  const compareTo = (operator: Operator, bound: Node) =>
    compare(context.params, operator, checkNode(context, lexpr), checkNode(context, bound), location)
  const between = (from: Node, to: Node): Condition => ({
    kind: 'and',
    args: [compareTo('>=', from), compareTo('<=', to)],
  })
  if (kind === 'AEXPR_BETWEEN' || kind === 'AEXPR_NOT_BETWEEN') return between(low, high)
  return { kind: 'or', args: [between(low, high), between(high, low)] }
}

function boundsOf(node: Node | undefined): [Node, Node] {
  const items = node && 'List' in node ? node.List.items : undefined
  const [low, high] = items ?? []
  return low && high ? [low, high] : refuse(null, 'malformed query')
}
