import type { A_Const } from 'libpg-query'
import { quoteText } from '../where/literal-sql.ts'

/** @returns null for a kind of constant that is not allowed. The parser leaves out zeros, false and empty texts. */
export function constantSql({ ival, fval, sval, boolval, isnull }: A_Const): string | null {
  if (isnull) return 'NULL'
  if (sval) return quoteText(sval.sval ?? '')
  if (boolval) return boolval.boolval ? 'true' : 'false'
  if (ival) return numberSql(String(ival.ival ?? 0))
  if (fval) return numberSql(fval.fval ?? '0')
  return null
}

const NUMBER = /^-?[\w.]+(?:[eE][+-]\d+)?$/

// A minus sign binds less than what may follow, as in -1::int2.
function numberSql(text: string): string | null {
  if (!NUMBER.test(text)) return null
  return text.startsWith('-') ? `(${text})` : text
}
