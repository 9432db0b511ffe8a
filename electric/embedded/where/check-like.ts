import type { A_Expr, Node } from 'libpg-query'
import { castValue } from './casts.ts'
import { type Context, checkNode } from './check-context.ts'
import { caseFold } from './check-function.ts'
import { asValue, NO_OPERATOR } from './coercion.ts'
import type { Checked, Condition, Constant } from './expression.ts'
import { namesOf } from './syntax.ts'
import { TEXT, VARCHAR } from './types.ts'
import { refuse } from './where-error.ts'

const LIKE_OPERATORS: ReadonlySet<string> = new Set(['~~', '!~~', '~~*', '!~~*'])

export function isLikeOperator(operator: string): boolean {
  return LIKE_OPERATORS.has(operator)
}

/** LIKE and its operator; what is negated stays so. */
export function checkLike(context: Context, node: A_Expr, operator: string, location: number): Condition {
  const left = checkNode(context, node.lexpr)
  return checkLikeValues(context, left, patternOf(context, node.rexpr), operator, location)
}

interface Pattern {
  readonly pattern: Checked
  readonly escapedBy: Checked | null
}

export function checkLikeValues(
  context: Context,
  left: Checked,
  { pattern, escapedBy }: Pattern,
  operator: string,
  location: number,
): Condition {
  const arg = asValue(context.params, left, TEXT)
  if (arg.type.family !== 'string') refuse(location, NO_OPERATOR)
  // char(n) is matched with what fills it up.
  const text = arg.type === VARCHAR ? castValue(arg, TEXT) : arg
  const like: Condition = {
    kind: 'like',
    arg: text,
    fold: operator.endsWith('*') ? caseFold(context, 'lower', text, location) : null,
    pattern: asConstant(context, pattern, location),
    escapedBy: escapedBy && asConstant(context, escapedBy, location),
  }
  return operator.startsWith('!') ? { kind: 'not', arg: like } : like
}

function asConstant({ params }: Context, checked: Checked, location: number): Constant {
  const value = asValue(params, checked, TEXT)
  if (value.type !== TEXT && value.type !== VARCHAR) refuse(location, NO_OPERATOR)
  return value.kind === 'constant' ? value : refuse(value.location, 'a pattern must be a constant')
}

function patternOf(context: Context, node: Node | undefined): Pattern {
  const call = node && 'FuncCall' in node ? node.FuncCall : null
  if (call && namesOf(call.funcname).join('.') === 'pg_catalog.like_escape' && call.args?.length === 2) {
    const [pattern, escapedBy] = call.args
    return { pattern: checkNode(context, pattern), escapedBy: checkNode(context, escapedBy) }
  }
  return { pattern: checkNode(context, node), escapedBy: null }
}
