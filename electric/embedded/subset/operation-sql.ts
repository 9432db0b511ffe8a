import type { A_Expr, Node } from 'libpg-query'
import { ARRAY_OPERATORS, BINARY_OPERATORS, UNARY_OPERATORS } from './allowed.ts'
import { fieldName, items } from './nodes.ts'
import { refuse } from './refusal.ts'

type Write = (node: Node) => string

/** @throws Refusal */
export function operationSql(expression: A_Expr, write: Write): string {
  const { kind, location } = expression
  switch (kind) {
    case 'AEXPR_OP':
      return expression.lexpr ? binarySql(expression, write) : unarySql(expression, write)
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return binarySql(expression, write)
    case 'AEXPR_OP_ANY':
      return arraySql('ANY', expression, write)
    case 'AEXPR_OP_ALL':
      return arraySql('ALL', expression, write)
    case 'AEXPR_DISTINCT':
      return joined('IS DISTINCT FROM', expression, write)
    case 'AEXPR_NOT_DISTINCT':
      return joined('IS NOT DISTINCT FROM', expression, write)
    case 'AEXPR_IN':
      return listSql(expression, write)
    case 'AEXPR_BETWEEN':
      return betweenSql('BETWEEN', expression, write)
    case 'AEXPR_NOT_BETWEEN':
      return betweenSql('NOT BETWEEN', expression, write)
    case 'AEXPR_BETWEEN_SYM':
      return betweenSql('BETWEEN SYMMETRIC', expression, write)
    case 'AEXPR_NOT_BETWEEN_SYM':
      return betweenSql('NOT BETWEEN SYMMETRIC', expression, write)
    default:
      throw refuse(location, `${kind} is not supported in this context`)
  }
}

function unarySql(expression: A_Expr, write: Write): string {
  const name = operator(UNARY_OPERATORS, 'unary', expression)
  return `(${name} ${write(operand(expression.rexpr))})`
}

function binarySql(expression: A_Expr, write: Write): string {
  return joined(operator(BINARY_OPERATORS, 'binary', expression), expression, write)
}

function joined(between: string, { lexpr, rexpr }: A_Expr, write: Write): string {
  return `(${write(operand(lexpr))} ${between} ${write(operand(rexpr))})`
}

function arraySql(quantifier: 'ANY' | 'ALL', expression: A_Expr, write: Write): string {
  const name = operator(ARRAY_OPERATORS, 'binary', expression)
  const { lexpr, rexpr } = expression
  return `(${write(operand(lexpr))} ${name} ${quantifier} (${write(operand(rexpr))}))`
}

function listSql(expression: A_Expr, write: Write): string {
  const { lexpr, rexpr } = expression
  const test = operator(IN_OPERATORS, 'binary', expression) === '=' ? 'IN' : 'NOT IN'
  return `(${write(operand(lexpr))} ${test} (${items(rexpr).map(write).join(', ')}))`
}

// As the parser writes IN and NOT IN.
const IN_OPERATORS: ReadonlySet<string> = new Set(['=', '<>'])

function betweenSql(test: string, { lexpr, rexpr }: A_Expr, write: Write): string {
  const [low, high] = items(rexpr)
  return `(${write(operand(lexpr))} ${test} ${write(operand(low))} AND ${write(operand(high))})`
}

// One that is qualified is none of those allowed: its name has a dot.
function operator(allowed: ReadonlySet<string>, arity: string, { name = [], location }: A_Expr): string {
  const text = name.map(fieldName).join('.')
  if (!allowed.has(text)) throw refuse(location, `unknown ${arity} operator "${text}"`)
  return text
}

export function operand(node: Node | undefined): Node {
  if (!node) throw refuse(undefined, 'malformed expression')
  return node
}
