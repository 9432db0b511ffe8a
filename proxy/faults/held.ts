import type { Message, Row } from '@electric-sql/client'
import { isChangeMessage } from '@electric-sql/client'
import { sql } from 'drizzle-orm'
import { expect } from 'vitest'
import type { Database } from '#db/client.ts'
import type { ShapeName } from '#db/inputs/index.ts'
import { shapes } from '#electric/shapes/index.ts'
import { rows } from '#server/mutations/testing.ts'

/** As Electric sends them. */
export type TextRow = Record<string, string | null>

/** What a reader holds of one shape. It forgives nothing: a row that comes twice is a fault, and so is a change of none. */
export class Held {
  readonly faults: string[] = []
  readonly #rows = new Map<string, TextRow>()

  get size(): number {
    return this.#rows.size
  }

  get values(): TextRow[] {
    return [...this.#rows.values()]
  }

  apply(messages: readonly Message<Row>[]): void {
    for (const message of messages) {
      if (isChangeMessage(message)) {
        const value = message.value as TextRow // parsed by nobody
        this.#change(message.key, message.headers.operation, value)
      } else if (message.headers.control === 'must-refetch') this.#rows.clear()
    }
  }

  #change(key: string, operation: 'insert' | 'update' | 'delete', value: TextRow): void {
    const known = this.#rows.get(key)
    if ((operation === 'insert') === (known !== undefined)) this.faults.push(`${operation} of ${key}`)
    if (operation === 'delete') this.#rows.delete(key)
    else this.#rows.set(key, { ...known, ...value })
  }
}

export interface Reader {
  name: string
  shape: ShapeName
  scopeId: string
  held: Held
}

/** Waits until each of the readers holds, in every column, what Postgres holds; one that is wrong never will. */
export async function allHoldWhatPostgresHolds(db: Database, readers: readonly Reader[]): Promise<void> {
  const interval = Math.max(20, readers.length / 4) // what they hold is to be looked at in less time than it takes to get it
  await expect.poll(() => differences(db, readers), { interval }).toEqual([])
}

/** What is wrong with whom, in few words: rows are many and large. */
export async function differences(db: Database, readers: readonly Reader[]): Promise<string[]> {
  const stored = new Map<string, Promise<Set<string>>>()
  const wrong: string[] = []
  for (const { name, shape, scopeId, held } of readers) {
    const scope = `${shape} ${scopeId}`
    const inPostgres = stored.get(scope) ?? storedRows(db, shape, scopeId)
    stored.set(scope, inPostgres)
    const expected = await inPostgres
    const actual = held.values.map((row) =>
      JSON.stringify(shapes[shape].columns.map((column) => row[column])),
    )
    const missing = expected.size - actual.filter((row) => expected.has(row)).length
    const tooMany = actual.filter((row) => !expected.has(row)).length
    if (missing + tooMany > 0) wrong.push(`${name}: ${missing} rows missing, ${tooMany} that are not there`)
    wrong.push(...held.faults.map((fault) => `${name}: ${fault}`))
  }
  return wrong
}

async function storedRows(db: Database, shapeName: ShapeName, scopeId: string): Promise<Set<string>> {
  const { table, columns, scopeColumn } = shapes[shapeName]
  const texts = columns.map((column) => sql`${sql.identifier(column)}::text`)
  const found = await rows<{ columns: (string | null)[] }>(
    db,
    sql`select array[${sql.join(texts, sql`, `)}] as columns
        from ${sql.identifier(table)} where ${sql.identifier(scopeColumn)} = ${scopeId}`,
  )
  return new Set(found.map((row) => JSON.stringify(row.columns)))
}
