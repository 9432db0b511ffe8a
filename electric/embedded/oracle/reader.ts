import type { Subject } from './random-subjects.ts'

/** One client of the oracle. */
export interface Reader {
  readonly title: string
  readonly subject: Subject
  /** What names its shape in a URL. */
  readonly definition: Readonly<Record<string, string>>
  /** What it saw that must not be; it reads no further then. */
  readonly failure: Error | null
  /** Of the shape that it reads now; null before the first answer. */
  readonly handle: string | null
  start(): void
  /** It reads no more; `start` goes on from there. */
  stop(): Promise<void>
  /** @returns null when it holds these rows, what is different otherwise. */
  difference(expected: ExpectedRows): string | null
  /**
   * Reads what may not change once more.
   * @throws Violation when it did
   */
  readAgain?(): Promise<void>
  /** What it did last, for a report. */
  history(): readonly string[]
}

/** What Postgres finds, in the stream's own texts. */
export interface ExpectedRows {
  readonly columns: readonly { readonly name: string; readonly isArray: boolean }[]
  /** By key; booleans as words. */
  readonly rows: ReadonlyMap<string, Readonly<Record<string, string | null>>>
}

const SHOWN = 4

/** What differs between two collections of rows, in a few lines; null when they are the same. */
export function difference(
  expected: ReadonlyMap<string, string>,
  actual: ReadonlyMap<string, string>,
): string | null {
  const lines: string[] = []
  for (const [key, row] of expected) {
    if (!actual.has(key)) lines.push(`missing ${key}: ${row}`)
    else if (actual.get(key) !== row) lines.push(`at ${key}: ${actual.get(key)}\n    instead of ${row}`)
  }
  for (const [key, row] of actual) if (!expected.has(key)) lines.push(`too many: ${key}: ${row}`)
  if (lines.length === 0) return null
  const shown = lines.slice(0, SHOWN).map((line) => `  ${line.slice(0, 700)}`)
  return [`${lines.length} of ${expected.size} rows differ:`, ...shown].join('\n')
}
