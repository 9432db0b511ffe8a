import type { Tuple } from '../pgoutput.ts'
import { readArray } from './array-text.ts'
import type { Resolved } from './constants.ts'
import type { Domain } from './domains.ts'
import type {
  AnyOrAll,
  ArrayOperand,
  CaseFold,
  Comparison,
  Condition,
  Constant,
  Containment,
  Like,
  Operator,
  Subquery,
  Value,
} from './expression.ts'
import type { Folding } from './letters.ts'
import { foldPattern, type LikePattern, likeMatcher } from './like-pattern.ts'

export type Test = (row: Tuple) => boolean | null
type Read = (row: Tuple) => string | null

/** What a condition needs besides the row. */
export interface Surroundings {
  readonly resolved: Resolved
  readonly patterns: ReadonlyMap<Like, LikePattern | null>
  readonly foldings: ReadonlyMap<CaseFold, Folding>
  /** Where a column's value stands in a row. */
  position(column: string): number
  /** What a subquery selected. */
  members(subquery: Subquery): Members
}

export interface Members {
  /** As its domain has them. */
  readonly keys: ReadonlySet<string>
  readonly hasNull: boolean
}

/** Makes functions of a condition; as in SQL, what is not known is null. */
export function compile(condition: Condition, around: Surroundings): Test {
  switch (condition.kind) {
    case 'and':
      return junction(condition.args, around, false)
    case 'or':
      return junction(condition.args, around, true)
    case 'not': {
      const test = compile(condition.arg, around)
      return (row) => negate(test(row))
    }
    case 'value': {
      const read = compileValue(condition.value, around)
      return (row) => asBoolean(read(row))
    }
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
      return comparison(condition, around)
    case 'distinct':
      return distinction(condition, around)
    case 'like':
      return likeness(condition, around)
    case 'any':
    case 'all':
      return anyOrAll(condition, around)
    case 'contains':
    case 'overlaps':
      return containment(condition, around)
    case 'member':
      return membership(condition, around)
  }
}

function negate(value: boolean | null): boolean | null {
  return value === null ? null : !value
}

function asBoolean(text: string | null): boolean | null {
  return text === null ? null : text === 't'
}

/** @param decisive the value that decides whatever the others are: true for OR */
function junction(args: readonly Condition[], around: Surroundings, decisive: boolean): Test {
  const tests = args.map((arg) => compile(arg, around))
  return (row) => {
    let result: boolean | null = !decisive
    for (const test of tests) {
      const value = test(row)
      if (value === decisive) return decisive
      if (value === null) result = null
    }
    return result
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
      return convert(compileValue(value.arg, around), value.convert)
    case 'fold':
      return convert(compileValue(value.arg, around), around.foldings.get(value) ?? null)
    case 'condition': {
      const test = compile(value.condition, around)
      return (row) => {
        const result = test(row)
        return result === null ? null : result ? 't' : 'f'
      }
    }
  }
}

function convert(read: Read, change: ((text: string) => string) | null): Read {
  if (change === null) return read
  return (row) => {
    const text = read(row)
    return text === null ? null : change(text)
  }
}

function comparison({ operator, left, right, domain }: Comparison, around: Surroundings): Test {
  if (left.kind === 'constant' && right.kind !== 'constant') {
    return comparison(
      { kind: 'compare', operator: MIRRORED[operator], left: right, right: left, domain },
      around,
    )
  }
  const readLeft = compileValue(left, around)
  if (right.kind === 'constant') {
    const constant = around.resolved.get(right) ?? null
    if (constant === null) return () => null
    const holds = against(operator, domain, constant)
    return (row) => {
      const text = readLeft(row)
      return text === null ? null : holds(text)
    }
  }
  const readRight = compileValue(right, around)
  const holds = between(operator, domain)
  return (row) => {
    const text = readLeft(row)
    if (text === null) return null
    const other = readRight(row)
    return other === null ? null : holds(text, other)
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

function against(operator: Operator, domain: Domain, constant: string): (text: string) => boolean {
  if (operator === '=' || operator === '<>') {
    const key = domain.key(constant)
    const isEqual = operator === '='
    if (domain.isIdentity) return (text) => (text === key) === isEqual
    return (text) => (domain.key(text) === key) === isEqual
  }
  const holds = between(operator, domain)
  return (text) => holds(text, constant)
}

function between(operator: Operator, domain: Domain): (a: string, b: string) => boolean {
  switch (operator) {
    case '=':
      return (a, b) => domain.compare(a, b) === 0
    case '<>':
      return (a, b) => domain.compare(a, b) !== 0
    case '<':
      return (a, b) => domain.compare(a, b) < 0
    case '<=':
      return (a, b) => domain.compare(a, b) <= 0
    case '>':
      return (a, b) => domain.compare(a, b) > 0
    case '>=':
      return (a, b) => domain.compare(a, b) >= 0
  }
}

function distinction(
  { left, right, domain }: { left: Value; right: Value; domain: Domain },
  around: Surroundings,
): Test {
  const readLeft = compileValue(left, around)
  const readRight = compileValue(right, around)
  return (row) => {
    const a = readLeft(row)
    const b = readRight(row)
    return a === null || b === null ? a !== b : domain.compare(a, b) !== 0
  }
}

function likeness(like: Like, around: Surroundings): Test {
  const pattern = around.patterns.get(like) ?? null
  if (pattern === null) return () => null
  const read = compileValue(like.fold ?? like.arg, around)
  const folding = like.fold && around.foldings.get(like.fold)
  const matches = likeMatcher(folding ? foldPattern(pattern, folding) : pattern)
  return (row) => {
    const text = read(row)
    return text === null ? null : matches(text)
  }
}

function anyOrAll(condition: AnyOrAll, around: Surroundings): Test {
  const { kind, operator, left, domain, elements } = condition
  const read = compileValue(left, around)
  if ('kind' in elements && elements.kind !== 'constant') {
    const readElements = compileValue(elements, around)
    return (row) => {
      const array = readElements(row)
      return array === null ? null : quantify(condition, read(row), readArray(array))
    }
  }
  const constants = constantElements(elements, around.resolved)
  if (constants === null) return () => null
  if (kind === 'any' && operator === '=') return oneOf(read, domain, constants)
  return (row) => quantify(condition, read(row), constants)
}

function constantElements(
  elements: readonly Constant[] | Constant,
  resolved: Resolved,
): readonly (string | null)[] | null {
  if ('length' in elements) return elements.map((each) => resolved.get(each) ?? null)
  const array = resolved.get(elements) ?? null
  return array === null ? null : readArray(array)
}

/** An empty array decides by itself, before the value is looked at. */
function quantify(
  { kind, operator, domain }: AnyOrAll,
  value: string | null,
  elements: readonly (string | null)[],
): boolean | null {
  const decisive = kind === 'any'
  if (elements.length === 0) return !decisive
  if (value === null) return null
  const holds = between(operator, domain)
  let result: boolean | null = !decisive
  for (const element of elements) {
    if (element === null) result = null
    else if (holds(value, element) === decisive) return decisive
  }
  return result
}

function oneOf(read: Read, domain: Domain, constants: readonly (string | null)[]): Test {
  if (constants.length === 0) return () => false
  const { keys, hasNull } = membersOf(constants, domain)
  const otherwise = hasNull ? null : false
  return (row) => {
    const text = read(row)
    if (text === null) return null
    return keys.has(domain.isIdentity ? text : domain.key(text)) ? true : otherwise
  }
}

function containment({ kind, left, right, domain }: Containment, around: Surroundings): Test {
  const readLeft = compileArray(left, domain, around)
  const readRight = compileArray(right, domain, around)
  return (row) => {
    const all = readLeft(row)
    const some = readRight(row)
    if (all === null || some === null) return null
    // A null is in no array, and none is in common with another.
    if (kind === 'contains') return !some.hasNull && some.keys.isSubsetOf(all.keys)
    return !some.keys.isDisjointFrom(all.keys)
  }
}

function compileArray(
  operand: ArrayOperand,
  domain: Domain,
  around: Surroundings,
): (row: Tuple) => Members | null {
  if ('kind' in operand && operand.kind !== 'constant') {
    const read = compileValue(operand, around)
    return (row) => {
      const array = read(row)
      return array === null ? null : membersOf(readArray(array), domain)
    }
  }
  const constants = constantElements(operand, around.resolved)
  const members = constants && membersOf(constants, domain)
  return () => members
}

function membersOf(elements: readonly (string | null)[], domain: Domain): Members {
  const keys = elements.filter((text) => text !== null).map((text) => domain.key(text))
  return { keys: new Set(keys), hasNull: keys.length < elements.length }
}

function membership({ arg, subquery }: { arg: Value; subquery: Subquery }, around: Surroundings): Test {
  const read = compileValue(arg, around)
  const { domain } = subquery
  return (row) => {
    const { keys, hasNull } = around.members(subquery)
    if (keys.size === 0 && !hasNull) return false
    const text = read(row)
    if (text === null) return null
    if (keys.has(domain.key(text))) return true
    return hasNull ? null : false
  }
}
