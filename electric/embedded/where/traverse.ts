import type {
  AnyOrAll,
  ArrayOperand,
  CaseFold,
  ColumnValue,
  Comparison,
  Condition,
  Constant,
  Like,
  Membership,
  Value,
} from './expression.ts'

export interface Visitor {
  column?(column: ColumnValue): unknown
  constant?(constant: Constant): unknown
  like?(like: Like): unknown
  /** Of all comparisons those that ask for more than equality. */
  ordering?(comparison: Comparison | AnyOrAll): unknown
  fold?(fold: CaseFold): unknown
  member?(membership: Membership): unknown
}

/** Visits everything in a condition but what is inside its subqueries. */
export function traverse(condition: Condition, visitor: Visitor): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const arg of condition.args) traverse(arg, visitor)
      return
    case 'not':
    case 'is':
      traverse(condition.arg, visitor)
      return
    case 'value':
      traverseValue(condition.value, visitor)
      return
    case 'isNull':
      traverseValue(condition.arg, visitor)
      return
    case 'compare':
      if (isOrdering(condition)) visitor.ordering?.(condition)
      traverseValue(condition.left, visitor)
      traverseValue(condition.right, visitor)
      return
    case 'distinct':
      traverseValue(condition.left, visitor)
      traverseValue(condition.right, visitor)
      return
    case 'like':
      visitor.like?.(condition)
      traverseValue(condition.fold ?? condition.arg, visitor)
      traverseValue(condition.pattern, visitor)
      if (condition.escapedBy) traverseValue(condition.escapedBy, visitor)
      return
    case 'any':
    case 'all':
      if (isOrdering(condition)) visitor.ordering?.(condition)
      traverseValue(condition.left, visitor)
      traverseArray(condition.elements, visitor)
      return
    case 'contains':
    case 'overlaps':
      traverseArray(condition.left, visitor)
      traverseArray(condition.right, visitor)
      return
    case 'member':
      visitor.member?.(condition)
      traverseValue(condition.arg, visitor)
      return
  }
}

function isOrdering({ operator }: Comparison | AnyOrAll): boolean {
  return operator !== '=' && operator !== '<>'
}

function traverseArray(array: ArrayOperand, visitor: Visitor): void {
  for (const each of [array].flat()) traverseValue(each, visitor)
}

/** The insides of subqueries too. */
export function traverseAll(condition: Condition, visitor: Visitor): void {
  traverse(condition, {
    ...visitor,
    member: (membership) => {
      visitor.member?.(membership)
      if (membership.subquery.where) traverseAll(membership.subquery.where, visitor)
    },
  })
}

function traverseValue(value: Value, visitor: Visitor): void {
  if (value.kind === 'column') visitor.column?.(value)
  else if (value.kind === 'constant') visitor.constant?.(value)
  else if (value.kind === 'cast') traverseValue(value.arg, visitor)
  else if (value.kind === 'fold') {
    visitor.fold?.(value)
    traverseValue(value.arg, visitor)
  } else traverse(value.condition, visitor)
}
