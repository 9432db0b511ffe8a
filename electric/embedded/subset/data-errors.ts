import type { A_Expr, Node } from 'libpg-query'
import { fieldName } from './nodes.ts'

type Params = ReadonlyMap<number, string>

interface Trait {
  /** A column is in it. */
  readonly reads: boolean
  /** Nothing but constants, and texts made of them: no column is converted to meet one. */
  readonly isPlain: boolean
  readonly mayFail: boolean
}

/**
 * Whether what a row holds may make the filter fail, as in `1 / balance = 1` or `note::int = 1`. Postgres is free
 * to try the filter on rows that the shape does not have: the error would tell of them.
 * Yes when in doubt; no for all that a collection asks for.
 */
export function mayFail(filter: Node, params: Params): boolean {
  return trait(filter, params).mayFail
}

function trait(node: Node, params: Params): Trait {
  if ('ColumnRef' in node) return { reads: true, isPlain: false, mayFail: false }
  const parts = childrenOf(node).map((each) => trait(each, params))
  const reads = parts.some((each) => each.reads)
  const isPlain = isPlainKind(node) && parts.every((each) => each.isPlain)
  const failing = parts.some((each) => each.mayFail) || (reads && !isTotal(node, parts, params))
  return { reads, isPlain, mayFail: failing }
}

function isPlainKind(node: Node): boolean {
  return (
    'A_Const' in node || 'ParamRef' in node || 'List' in node || 'A_ArrayExpr' in node || isTotalCall(node)
  )
}

function isTotal(node: Node, parts: readonly Trait[], params: Params): boolean {
  if ('A_Expr' in node) return convertsNothing(parts) && isTotalOperation(node.A_Expr, params)
  if ('CoalesceExpr' in node || 'MinMaxExpr' in node) return convertsNothing(parts)
  return (
    isTotalCall(node) || 'BoolExpr' in node || 'NullTest' in node || 'BooleanTest' in node || 'List' in node
  )
}

// A number may be too large for the type of another column, or of what was cast.
function convertsNothing(parts: readonly Trait[]): boolean {
  return parts.filter((each) => !each.isPlain).length <= 1
}

function isTotalCall(node: Node): boolean {
  return 'FuncCall' in node && TOTAL_FUNCTIONS.has((node.FuncCall.funcname ?? []).map(fieldName).join('.'))
}

const TOTAL_FUNCTIONS: ReadonlySet<string> = new Set(['lower', 'upper', 'concat'])
const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '>', '<=', '>='])
const COMPARING: ReadonlySet<string> = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_IN',
])

function isTotalOperation({ kind = 'AEXPR_OP', name = [], lexpr, rexpr }: A_Expr, params: Params): boolean {
  if (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') return isWholePattern(rexpr, params)
  if (COMPARING.has(kind)) return lexpr !== undefined && COMPARISONS.has(name.map(fieldName).join(''))
  return kind.includes('BETWEEN')
}

// That an escape stands at a pattern's end comes to light only at a row that matches up to there.
function isWholePattern(pattern: Node | undefined, params: Params): boolean {
  const text = pattern && patternText(pattern, params)
  if (text === undefined) return false
  let escapes = 0
  while (text.at(-1 - escapes) === '\\') escapes++
  return escapes % 2 === 0
}

function patternText(pattern: Node, params: Params): string | undefined {
  if ('ParamRef' in pattern) return params.get(pattern.ParamRef.number ?? 0)
  if ('A_Const' in pattern && pattern.A_Const.sval) return pattern.A_Const.sval.sval ?? ''
  return undefined
}

/** What the node is made of, but for names: a type's is no expression. */
function childrenOf(node: Node): readonly Node[] {
  if ('A_Expr' in node) return present([node.A_Expr.lexpr, node.A_Expr.rexpr])
  if ('List' in node) return node.List.items ?? []
  if ('BoolExpr' in node) return node.BoolExpr.args ?? []
  if ('NullTest' in node) return present([node.NullTest.arg])
  if ('BooleanTest' in node) return present([node.BooleanTest.arg])
  if ('TypeCast' in node) return present([node.TypeCast.arg])
  if ('FuncCall' in node) return node.FuncCall.args ?? []
  if ('CoalesceExpr' in node) return node.CoalesceExpr.args ?? []
  if ('MinMaxExpr' in node) return node.MinMaxExpr.args ?? []
  if ('A_ArrayExpr' in node) return node.A_ArrayExpr.elements ?? []
  if ('A_Indirection' in node)
    return present([node.A_Indirection.arg, ...(node.A_Indirection.indirection ?? [])])
  if ('A_Indices' in node) return present([node.A_Indices.lidx, node.A_Indices.uidx])
  return []
}

function present(nodes: readonly (Node | undefined)[]): readonly Node[] {
  return nodes.filter((node) => node !== undefined)
}
