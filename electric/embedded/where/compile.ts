import type { Tuple } from '../replication/pgoutput.ts'
import { readArray } from './array-text.ts'
import type { CheckedClause } from './checked-clause.ts'
import type { Domain } from './domains.ts'
import type {
  AnyOrAll,
  ArrayOperand,
  Comparison,
  Condition,
  Like,
  Operator,
  Subquery,
  Value,
} from './expression.ts'
import { foldPattern, likeMatcher } from './like-pattern.ts'
import { containment, type Members, membership, membersOf, overlap } from './members.ts'
import {
  change,
  comparison,
  comparisonWith,
  distinction,
  type Elements,
  junction,
  negation,
  quantified,
  type Read,
  type Test,
  testOf,
} from './tests.ts'

/** What a condition needs besides the row. */
export interface Surroundings extends Omit<CheckedClause, 'condition'> {
  /** Where a column's value stands in a row. */
  position(column: string): number
  /** What a subquery selected. */
  members(subquery: Subquery): Members
}

/** Makes a function of a condition. */
export function compile(condition: Condition, around: Surroundings): Test {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const tests = condition.args.map((arg) => compile(arg, around))
      return junction(tests, condition.kind === 'or')
    }
    case 'not':
      return negation(compile(condition.arg, around))
    case 'value':
      return testOf(compileValue(condition.value, around), (text) => text === 't')
    case 'is': {
      const { state } = condition
      const test = compile(condition.arg, around)
      return (row) => test(row) === state
    }
    case 'isNull': {
      const read = compileValue(condition.arg, around)
      return (row) => read(row) === null
    }
    case 'compare':
      return compileComparison(condition, around)
    case 'distinct': {
      const { left, right, domain } = condition
      return distinction(compileValue(left, around), compileValue(right, around), domain)
    }
    case 'like':
      return compileLike(condition, around)
    case 'any':
    case 'all':
      return compileQuantified(condition, around)
    case 'contains':
    case 'overlaps': {
      const { kind, left, right, domain } = condition
      const [a, b] = [compileMembers(left, domain, around), compileMembers(right, domain, around)]
      return kind === 'contains' ? containment(a, b) : overlap(a, b)
    }
    case 'member': {
      const { arg, subquery } = condition
      return membership(compileValue(arg, around), () => around.members(subquery), subquery.domain)
    }
  }
}

function compileValue(value: Value, around: Surroundings): Read {
  switch (value.kind) {
    case 'column': {
      const index = around.position(value.name)
      return (row) => row[index] ?? null
    }
    case 'constant': {
      const text = around.resolved.get(value) ?? null
      return () => text
    }
    case 'cast':
      return change(compileValue(value.arg, around), value.convert)
    case 'fold':
      return change(compileValue(value.arg, around), around.foldings.get(value) ?? null)
    case 'condition': {
      const test = compile(value.condition, around)
      return (row) => {
        const result = test(row)
        return result === null ? null : result ? 't' : 'f'
      }
    }
  }
}

const MIRRORED: Readonly<Record<Operator, Operator>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}

function compileComparison({ operator, left, right, domain }: Comparison, around: Surroundings): Test {
  const { resolved } = around
  if (right.kind === 'constant') {
    return comparisonWith(compileValue(left, around), operator, resolved.get(right) ?? null, domain)
  }
  const readRight = compileValue(right, around)
  if (left.kind === 'constant') {
    return comparisonWith(readRight, MIRRORED[operator], resolved.get(left) ?? null, domain)
  }
  return comparison(compileValue(left, around), operator, readRight, domain)
}

function compileLike(like: Like, around: Surroundings): Test {
  const pattern = around.patterns.get(like) ?? null
  if (pattern === null) return () => null
  const folding = like.fold && around.foldings.get(like.fold)
  const matches = likeMatcher(folding ? foldPattern(pattern, folding) : pattern)
  return testOf(compileValue(like.fold ?? like.arg, around), matches)
}

function compileQuantified({ kind, operator, left, domain, elements }: AnyOrAll, around: Surroundings): Test {
  const read = compileValue(left, around)
  const constants = constantElements(elements, around)
  if (constants && kind === 'any' && operator === '=') {
    const members = membersOf(constants, domain)
    return membership(read, () => members, domain)
  }
  return quantified(kind, read, operator, compileElements(elements, around), domain)
}

/** Undefined for what varies with the row. */
function constantElements(operand: ArrayOperand, { resolved }: Surroundings): Elements | null | undefined {
  if ('length' in operand) return operand.map((each) => resolved.get(each) ?? null)
  if (operand.kind !== 'constant') return undefined
  const array = resolved.get(operand) ?? null
  return array === null ? null : readArray(array)
}

function compileElements(operand: ArrayOperand, around: Surroundings): (row: Tuple) => Elements | null {
  const constants = constantElements(operand, around)
  if (constants !== undefined || 'length' in operand) return () => constants ?? null
  const read = compileValue(operand, around)
  return (row) => {
    const array = read(row)
    return array === null ? null : readArray(array)
  }
}

function compileMembers(
  operand: ArrayOperand,
  domain: Domain,
  around: Surroundings,
): (row: Tuple) => Members | null {
  const constants = constantElements(operand, around)
  if (constants !== undefined) {
    const members = constants && membersOf(constants, domain)
    return () => members
  }
  const elements = compileElements(operand, around)
  return (row) => {
    const list = elements(row)
    return list === null ? null : membersOf(list, domain)
  }
}
