import { quoteIdentifier } from '../identifiers.ts'

/** A typed literal, whatever the text holds and whatever `standard_conforming_strings` says. */
export function literalSql(text: string | null, type: string): string {
  return `${text === null ? 'NULL' : quoteText(text)}::pg_catalog.${type}`
}

export function columnSql(name: string): string {
  return quoteIdentifier(name)
}

// In E'' a backslash escapes under every setting, in '' only under some.
function quoteText(text: string): string {
  const quoted = text.replaceAll("'", "''")
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}
