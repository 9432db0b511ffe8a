import type { SqlType } from './types.ts'

/** A typed literal, whatever the text holds and whatever `standard_conforming_strings` says. */
export function literalSql(text: string | null, type: SqlType): string {
  return `${text === null ? 'NULL' : quoteText(text)}::pg_catalog.${type.sqlName ?? 'text'}`
}

// In E'' a backslash escapes under every setting, in '' only under some.
export function quoteText(text: string): string {
  const quoted = text.replaceAll("'", "''")
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}
