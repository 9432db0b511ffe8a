import type { Column } from '../catalog/relation.ts'

const BOOL = 16

/**
 * What a snapshot selects of a column.
 * In COPY as in the stream each value is what its type prints; snapshots alone carry booleans as words.
 */
export function columnText({ typeOid }: Column, sql: string): string {
  return typeOid === BOOL ? `${sql}::text` : sql
}
