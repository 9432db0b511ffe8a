import type { A_Const } from 'libpg-query'
import type { Checked, Constant } from './expression.ts'
import { locationOf } from './syntax.ts'
import { BOOL, INT4, INT8, NUMERIC, type SqlType } from './types.ts'
import { refuse } from './where-error.ts'

/** The parser leaves out zeros, false and empty texts. */
export function checkLiteral(node: A_Const): Checked {
  const location = locationOf(node.location)
  if (node.isnull) return { kind: 'unknown', text: null, param: null, location }
  if (node.sval) return { kind: 'unknown', text: node.sval.sval ?? '', param: null, location }
  if (node.boolval) return constant(node.boolval.boolval ? 't' : 'f', BOOL, location)
  if (node.ival) return constant(String(node.ival.ival ?? 0), INT4, location)
  if (node.fval) return number(node.fval.fval ?? '0', location)
  return refuse(location, 'BitString values are not supported')
}

export function constant(text: string | null, type: SqlType, location: number): Constant {
  return { kind: 'constant', text, steps: [type], type, location }
}

// What is no int4 comes as it was written: integers too, in any base and with underscores between digits.
function number(written: string, location: number): Constant {
  const text = written.replaceAll('_', '')
  if (!/^-?(?:\d+|0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(text))
    return constant(text, NUMERIC, location)
  const isNegative = text.startsWith('-')
  const magnitude = BigInt(isNegative ? text.slice(1) : text)
  const value = isNegative ? -magnitude : magnitude
  return constant(String(value), integerType(value), location)
}

function integerType(value: bigint): SqlType {
  if (BigInt.asIntN(32, value) === value) return INT4
  return BigInt.asIntN(64, value) === value ? INT8 : NUMERIC
}
