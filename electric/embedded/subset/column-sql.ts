import { quoteIdentifier } from '../catalog/identifiers.ts'

/** What the subset's query calls its table. */
export const ROW = 'subset_row'

/** Qualified: alone in ORDER BY the name would be that of a column of the result. */
export function columnSql(name: string): string {
  return `${ROW}.${quoteIdentifier(name)}`
}
