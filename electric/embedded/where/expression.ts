import type { Relation } from '../catalog/relation.ts'
import type { Domain } from './domains.ts'
import type { CaseFunction, CollationOf } from './letters.ts'
import type { SqlType } from './types.ts'

/** A clause once it is checked: whatever is in here is certain to mean the same to Postgres and to us. */
export type Value = ColumnValue | Constant | Cast | CaseFold | ConditionValue

export interface ColumnValue {
  readonly kind: 'column'
  readonly name: string
  readonly type: SqlType
  /** A domain: its values are cast to the type under it. */
  readonly isDomain: boolean
  readonly location: number
}

export interface Constant {
  readonly kind: 'constant'
  readonly text: string | null
  /** Read as the first of these, then cast to the next. */
  readonly steps: readonly [SqlType, ...SqlType[]]
  readonly type: SqlType
  readonly location: number
}

export interface Cast {
  readonly kind: 'cast'
  readonly arg: Value
  readonly type: SqlType
  /** From text to text; null when both types print the value alike. */
  readonly convert: ((text: string) => string) | null
  readonly location: number
}

/** lower(…) or upper(…) */
export interface CaseFold {
  readonly kind: 'fold'
  readonly name: CaseFunction
  readonly arg: Value
  readonly collationOf: CollationOf | null
  readonly type: SqlType
  readonly location: number
}

export interface ConditionValue {
  readonly kind: 'condition'
  readonly condition: Condition
  readonly type: SqlType
  readonly location: number
}

/** A literal or parameter that will be of the type of what it meets. */
export interface Unknown {
  readonly kind: 'unknown'
  readonly text: string | null
  readonly param: number | null
  readonly location: number
}

export type Checked = Value | Unknown

export type Operator = '=' | '<>' | '<' | '<=' | '>' | '>='

/** True, false, or null. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly args: readonly Condition[] }
  | { readonly kind: 'not'; readonly arg: Condition }
  /** A boolean as it is. */
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'is'; readonly arg: Condition; readonly state: boolean | null }
  | { readonly kind: 'isNull'; readonly arg: Value }
  | Comparison
  | { readonly kind: 'distinct'; readonly left: Value; readonly right: Value; readonly domain: Domain }
  | Like
  | AnyOrAll
  | Containment
  | Membership

export interface Comparison {
  readonly kind: 'compare'
  readonly operator: Operator
  readonly left: Value
  readonly right: Value
  readonly domain: Domain
}

export interface Like {
  readonly kind: 'like'
  readonly arg: Value
  readonly pattern: Constant
  /** Null for the backslash. */
  readonly escapedBy: Constant | null
  /** Null where case matters; else both sides become lower case first. */
  readonly fold: CaseFold | null
}

/** A value beside each element of an array, or each of a list of constants. */
export interface AnyOrAll {
  readonly kind: 'any' | 'all'
  readonly operator: Operator
  readonly left: Value
  readonly domain: Domain
  readonly elements: ArrayOperand
}

/** Constants in a list, or anything of an array's type. */
export type ArrayOperand = readonly Constant[] | Value

/** An array holds all elements of another, or at least one. */
export interface Containment {
  readonly kind: 'contains' | 'overlaps'
  readonly left: ArrayOperand
  readonly right: ArrayOperand
  /** Of the elements. */
  readonly domain: Domain
}

export interface Membership {
  readonly kind: 'member'
  readonly arg: ColumnValue
  readonly subquery: Subquery
}

/** `SELECT column FROM relation WHERE …` */
export interface Subquery {
  readonly relation: Relation
  readonly column: ColumnValue
  readonly where: Condition | null
  readonly domain: Domain
}

export function isConstant(value: Value): value is Constant {
  return value.kind === 'constant'
}
