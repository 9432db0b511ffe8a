import type { BoolExpr, BooleanTest, ColumnRef, Node, NullTest, ParamRef } from 'libpg-query'
import { checkCast } from './check-cast.ts'
import { type Context, checkCondition, checkNode } from './check-context.ts'
import { checkFunction } from './check-function.ts'
import { checkOperation } from './check-operation.ts'
import { checkSubLink } from './check-subquery.ts'
import { asCondition, asValue, type Params } from './coercion.ts'
import type { Checked, Condition, ConditionValue } from './expression.ts'
import { checkLiteral } from './literals.ts'
import { columnValue } from './scope.ts'
import { describeNode, locationOf, namesOf } from './syntax.ts'
import { BOOL, TEXT } from './types.ts'
import { refuse } from './where-error.ts'

/**
 * A whole clause: here a literal is not taken for a boolean.
 * @throws WhereError for anything but a condition that means the same here and in Postgres
 */
export function checkClause(surroundings: Omit<Context, 'check' | 'budget'>, node: Node): Condition {
  const context: Context = { ...surroundings, check, budget: { left: MAX_PARTS } }
  const checked = check(context, node)
  if (checked.kind === 'unknown' || checked.type !== BOOL) refuse(null, 'WHERE clause must return a boolean')
  return asCondition(context.params, checked)
}

const MAX_PARTS = 100_000

function check(context: Context, node: Node): Checked {
  if (context.budget.left-- === 0) refuse(null, 'the expression is too complex')
  if ('A_Const' in node) return checkLiteral(node.A_Const)
  if ('ColumnRef' in node) return checkColumn(context, node.ColumnRef)
  if ('ParamRef' in node) return checkParam(context.params, node.ParamRef)
  if ('TypeCast' in node) return checkCast(context, node.TypeCast)
  if ('A_Expr' in node) return condition(checkOperation(context, node.A_Expr), node.A_Expr.location)
  if ('BoolExpr' in node) return condition(checkJunction(context, node.BoolExpr), node.BoolExpr.location)
  if ('NullTest' in node) return condition(checkNullTest(context, node.NullTest), node.NullTest.location)
  if ('BooleanTest' in node)
    return condition(checkState(context, node.BooleanTest), node.BooleanTest.location)
  if ('SubLink' in node) return condition(checkSubLink(context, node.SubLink), node.SubLink.location)
  if ('FuncCall' in node) return checkFunction(context, node.FuncCall)
  const { kind, location } = describeNode(node)
  return refuse(location, `${kind} is not supported in this context`)
}

function condition(checked: Condition, location: number | undefined): ConditionValue {
  return { kind: 'condition', condition: checked, type: BOOL, location: locationOf(location) }
}

function checkColumn({ scope }: Context, { fields, location }: ColumnRef): Checked {
  return columnValue(scope, namesOf(fields), locationOf(location))
}

function checkParam({ texts, types, used }: Params, node: ParamRef): Checked {
  const number = node.number ?? 0
  const location = locationOf(node.location)
  const text = texts.get(number)
  if (text === undefined) return refuse(location, `parameter $${number} was not provided`)
  used.add(number)
  const type = types.get(number)
  if (type) return { kind: 'constant', text, steps: [type], type, location }
  return { kind: 'unknown', text, param: number, location }
}

function checkJunction(context: Context, { boolop, args = [] }: BoolExpr): Condition {
  const checked = args.map((arg) => checkCondition(context, arg))
  const [first] = checked
  if (boolop === 'NOT_EXPR' && first) return { kind: 'not', arg: first }
  return { kind: boolop === 'AND_EXPR' ? 'and' : 'or', args: checked }
}

function checkNullTest(context: Context, { arg, nulltesttype, location }: NullTest): Condition {
  const value = asValue(context.params, checkNode(context, arg), TEXT)
  if (value.type.family === 'row') {
    refuse(locationOf(location), `values of type ${value.type.name} are not supported`)
  }
  const isNull: Condition = { kind: 'isNull', arg: value }
  return nulltesttype === 'IS_NOT_NULL' ? { kind: 'not', arg: isNull } : isNull
}

const STATES: ReadonlyMap<string, boolean> = new Map([
  ['TRUE', true],
  ['FALSE', false],
])

function checkState(context: Context, { arg, booltesttype = 'IS_TRUE', location }: BooleanTest): Condition {
  const value = asValue(context.params, checkNode(context, arg), BOOL)
  const words = booltesttype.replaceAll('_', ' ')
  if (value.type !== BOOL) {
    refuse(locationOf(location), `argument of ${words} must be bool, not ${value.type.name}`)
  }
  const state = STATES.get(booltesttype.replace(/^IS_(NOT_)?/, '')) ?? null
  const is: Condition = { kind: 'is', arg: asCondition(context.params, value), state }
  return booltesttype.startsWith('IS_NOT') ? { kind: 'not', arg: is } : is
}
