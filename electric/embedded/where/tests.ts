import type { Tuple } from '../replication/pgoutput.ts'
import type { Domain } from './domains.ts'
import type { Operator } from './expression.ts'

/** What a condition says of a row; as in SQL, what is not known is null. */
export type Test = (row: Tuple) => boolean | null
export type Read = (row: Tuple) => string | null
/** An array's elements, or the values that a subquery selected. */
export type Elements = readonly (string | null)[]

export function negation(test: Test): Test {
  return (row) => {
    const result = test(row)
    return result === null ? null : !result
  }
}

/** @param decisive the value that decides whatever the others are: true for OR */
export function junction(tests: readonly Test[], decisive: boolean): Test {
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

export function change(read: Read, convert: ((text: string) => string) | null): Read {
  if (convert === null) return read
  return (row) => {
    const text = read(row)
    return text === null ? null : convert(text)
  }
}

/** A test of texts, for those that are there. */
export function testOf(read: Read, holds: (text: string) => boolean): Test {
  return (row) => {
    const text = read(row)
    return text === null ? null : holds(text)
  }
}

export function comparison(left: Read, operator: Operator, right: Read, domain: Domain): Test {
  const holds = holding(operator, domain)
  return (row) => {
    const text = left(row)
    if (text === null) return null
    const other = right(row)
    return other === null ? null : holds(text, other)
  }
}

export function comparisonWith(
  read: Read,
  operator: Operator,
  constant: string | null,
  domain: Domain,
): Test {
  if (constant === null) return () => null
  if (operator !== '=' && operator !== '<>') {
    const holds = holding(operator, domain)
    return testOf(read, (text) => holds(text, constant))
  }
  const key = domain.key(constant)
  const isEqual = operator === '='
  if (domain.isIdentity) return testOf(read, (text) => (text === key) === isEqual)
  return testOf(read, (text) => (domain.key(text) === key) === isEqual)
}

function holding(operator: Operator, domain: Domain): (a: string, b: string) => boolean {
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

export function distinction(left: Read, right: Read, domain: Domain): Test {
  return (row) => {
    const a = left(row)
    const b = right(row)
    return a === null || b === null ? a !== b : domain.compare(a, b) !== 0
  }
}

/** Beside each element. An empty array decides by itself, before the value is looked at. */
export function quantified(
  kind: 'any' | 'all',
  read: Read,
  operator: Operator,
  elements: (row: Tuple) => Elements | null,
  domain: Domain,
): Test {
  const decisive = kind === 'any'
  const holds = holding(operator, domain)
  return (row) => {
    const list = elements(row)
    if (list === null) return null
    if (list.length === 0) return !decisive
    const value = read(row)
    if (value === null) return null
    let result: boolean | null = !decisive
    for (const element of list) {
      if (element === null) result = null
      else if (holds(value, element) === decisive) return decisive
    }
    return result
  }
}
