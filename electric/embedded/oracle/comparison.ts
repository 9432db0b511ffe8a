import type { Sql } from 'postgres'
import { eventually } from './eventually.ts'
import { expectedRows } from './expected-rows.ts'
import type { ExpectedRows, Reader } from './reader.ts'

/**
 * Waits until every reader holds what Postgres finds for its shape, while nothing commits.
 * @param failure of the server, which no reader would come to
 * @throws Error that says what a reader holds instead, and what it did last
 */
export async function compareAll(
  readers: readonly Reader[],
  sql: Sql,
  failure: () => Error | null,
): Promise<void> {
  for (const reader of readers) {
    const expected = await expectedRows(sql, reader.subject)
    await compare(reader, expected, failure)
    await reader.readAgain?.()
  }
}

async function compare(reader: Reader, expected: ExpectedRows, failure: () => Error | null): Promise<void> {
  let last: string | null = null
  const holds = () => {
    const failed = failure() ?? reader.failure
    if (failed) throw failed
    last = reader.difference(expected)
    return last === null
  }
  await eventually('it holds what Postgres does', holds).catch((error: Error) => {
    const lines = [`The ${reader.title}`, `failed: ${error.message}`, last ?? '', 'Its last requests:']
    throw new Error([...lines, ...reader.history().map((line) => `  ${line}`)].join('\n'), { cause: error })
  })
}
