import { useMemo } from 'react'

/**
 * The columns of a row that somebody reads: the same object until one of them changes. A row is renewed with every
 * message, for its counts and times, and most of what shows it does not show those.
 */
export function useColumns<T extends object, Column extends keyof T>(
  row: T,
  columns: readonly Column[],
): Pick<T, Column>
export function useColumns<T extends object, Column extends keyof T>(
  row: T | undefined,
  columns: readonly Column[],
): Pick<T, Column> | undefined
export function useColumns<T extends object, Column extends keyof T>(
  row: T | undefined,
  columns: readonly Column[],
): Pick<T, Column> | undefined {
  const values = columns.map((column) => comparable(row?.[column]))
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was read stands for the row.
  return useMemo(() => row, [row === undefined, ...values])
}

/** Equal moments are different objects. */
function comparable(value: unknown): unknown {
  return value instanceof Date ? value.getTime() : value
}
