import { castValue } from './casts.ts'
import { type Domain, domainOf } from './domains.ts'
import type { Checked, Condition, Constant, Unknown, Value } from './expression.ts'
import { constant } from './literals.ts'
import { asIdentifier } from './scope.ts'
import { arrayOf, BOOL, type SqlType, TEXT, VARCHAR } from './types.ts'
import { refuse } from './where-error.ts'

/** The values of `$1`, `$2`, … and what is known of them so far. */
export interface Params {
  readonly texts: ReadonlyMap<number, string>
  /** A parameter is of the type that it needed to be of first. */
  readonly types: Map<number, SqlType>
  readonly used: Set<number>
}

export const NO_OPERATOR = 'Could not select an operator overload'

/** A literal takes the type of what it stands beside. */
export function resolveUnknown(params: Params, unknown: Unknown, type: SqlType): Constant {
  const { text, param, location } = unknown
  if (type.sqlName === null) {
    if (type.family === 'enum' && text !== null) refuse(location, invalidSyntax(type, text))
    refuse(location, NO_OPERATOR)
  }
  if (param !== null) {
    const known = params.types.get(param)
    if (known && known.name !== type.name)
      refuse(location, `type conflict for $${param}: ${type.name} and ${known.name}`)
    params.types.set(param, type)
  }
  return constant(text, type, location)
}

export function invalidSyntax(type: SqlType, text: string): string {
  return `invalid syntax for type ${type.name}: ${text}`
}

/** What a literal is taken for beside a value of a type. */
export function literalType(type: SqlType): SqlType {
  return type === VARCHAR ? TEXT : type
}

export function asValue(params: Params, checked: Checked, type: SqlType): Value {
  return checked.kind === 'unknown' ? resolveUnknown(params, checked, type) : checked
}

export function asCondition(params: Params, checked: Checked): Condition {
  const value = asValue(params, checked, BOOL)
  if (value.kind === 'condition') return value.condition
  if (value.type !== BOOL) refuse(value.location, `${describe(value)} is not castable to bool`)
  return { kind: 'value', value }
}

function describe(value: Value): string {
  if (value.kind === 'column') return `reference ${asIdentifier(value.name)} of type ${value.type.name}`
  return `expression of type ${value.type.name}`
}

export interface Pair {
  readonly left: Value
  readonly right: Value
  readonly domain: Domain
}

/** Two values as Postgres compares them; refuses those it does not compare. */
export function pair(params: Params, left: Checked, right: Checked, location: number): Pair {
  const leftType = typeOf(left) ?? literalType(typeOf(right) ?? TEXT)
  const rightType = typeOf(right) ?? literalType(leftType)
  // Literals first: theirs may be the fault.
  const [leftValue, rightValue] = [asValue(params, left, leftType), asValue(params, right, rightType)]
  const domain = domainOf(leftType, rightType) ?? refuse(location, NO_OPERATOR)
  return {
    left: castInto(leftValue, domain, location),
    right: castInto(rightValue, domain, location),
    domain,
  }
}

function castInto(value: Value, { castTo }: Domain, location: number): Value {
  return castTo === null ? value : castValue(value, castTo, location)
}

export function typeOf(checked: Checked): SqlType | null {
  return checked.kind === 'unknown' ? null : checked.type
}

/**
 * What Postgres makes of a list of values before it compares them: of numbers and dates the widest type, else the
 * first. @returns null when they have nothing in common
 */
export function commonType(list: readonly Checked[]): SqlType | null {
  const types = list.map(typeOf).filter((type) => type !== null)
  const [first = TEXT] = types
  if (types.some((type) => type.family !== first.family)) return null
  if (first.family === 'string') return first // each of the three can become any other
  const widest = types.reduce((a, b) => (b.rank > a.rank ? b : a), first)
  return types.every((type) => type === widest || type.rank < widest.rank) ? widest : null
}

/** A literal that is an array of a type. */
export function resolveArray(params: Params, unknown: Unknown, element: SqlType): Constant {
  if (element.sqlName === null) return refuse(unknown.location, NO_OPERATOR)
  return resolveUnknown(params, unknown, arrayOf(element))
}
