import type { Resolved } from './constants.ts'
import type { Condition, Value } from './expression.ts'
import type { Equality } from './index.ts'
import { BOOL, BPCHAR } from './types.ts'

/** The equality that finds the fewest shapes: any before that of a boolean. */
export function findEquality(condition: Condition, resolved: Resolved): Equality | null {
  const isWhole = condition.kind === 'compare'
  const equalities = conjuncts(condition)
    .map((each) => toEquality(each, resolved))
    .filter((each) => each !== null)
  const best = equalities.find(({ isBoolean }) => !isBoolean) ?? equalities[0]
  return best ? { column: best.column, value: best.value, isWhole } : null
}

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? condition.args.flatMap(conjuncts) : [condition]
}

function toEquality(condition: Condition, resolved: Resolved) {
  if (condition.kind !== 'compare' || condition.operator !== '=' || !condition.domain.isIdentity) return null
  const { left, right } = condition
  const [value, constant] = left.kind === 'constant' ? [right, left] : [left, right]
  const column = asPrinted(value)
  const text = constant.kind === 'constant' ? resolved.get(constant) : null
  if (!column || column.type === BPCHAR || typeof text !== 'string') return null
  return { column: column.name, value: text, isBoolean: column.type === BOOL }
}

// A cast that leaves the text as it is, as from varchar to text, changes nothing here.
function asPrinted(value: Value) {
  if (value.kind === 'cast') return value.convert === null && value.arg.kind === 'column' ? value.arg : null
  return value.kind === 'column' ? value : null
}
