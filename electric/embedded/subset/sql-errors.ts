import { DatabaseError } from 'pg'
import { type SubsetField, subsetError, subsetErrors } from './subset-error.ts'
import type { SubsetSql } from './subset-sql.ts'

// What only Postgres finds: operators that the types do not have, subscripts of what is no array, and so on.
const OF_THE_CALLER: ReadonlySet<string> = new Set([
  '0A000', // feature_not_supported
  '42601', // syntax_error
  '42703', // undefined_column
  '42725', // ambiguous_function
  '42803', // grouping_error
  '42804', // datatype_mismatch
  '42809', // wrong_object_type
  '42846', // cannot_coerce
  '42883', // undefined_function
  '42P08', // ambiguous_parameter
  '42P18', // indeterminate_datatype
  '42P22', // indeterminate_collation
])

/** The caller's own mistakes as answers; every other error as it is. */
export function subsetAnswer(error: unknown, { orderAt }: SubsetSql): unknown {
  if (!(error instanceof DatabaseError)) return error
  const { code = '' } = error
  const message = error.message.replace(QUALIFIED, '$1 ')
  // A value that is none of its type, a division by zero: as one text, and always so.
  if (code.startsWith('22')) return subsetErrors({ where: message })
  // Class 54 is program_limit_exceeded.
  if (!OF_THE_CALLER.has(code) && !code.startsWith('54')) return error
  const field: SubsetField = Number(error.position ?? 0) > orderAt ? 'order_by' : 'where'
  return subsetError(field, NOT_BOOLEAN.test(message) ? 'WHERE clause must return a boolean' : message)
}

// As they are called where the path is not pinned.
const QUALIFIED = /\b(enum|type) public\./g
const NOT_BOOLEAN = /^argument of (?:WHERE|AND|CASE\/WHEN) must be type boolean/
