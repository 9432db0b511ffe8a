import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, expect, inject, test } from 'vitest'
import { ProtocolError } from '../http/protocol-error.ts'
import { startTestDatabase, type TestDatabase } from '../testing.ts'
import type { Where } from './index.ts'
import { type Clause, clause } from './random-clauses.ts'
import { type ClauseDatabase, startClauseDatabase } from './testing.ts'

/** What Postgres finds by a clause as it is written, by the SQL made of it, and what is found in the stream: the same. */

let database: ClauseDatabase | undefined
let server: TestDatabase | undefined

afterEach(async () => {
  await database?.stop()
  await server?.stop()
  server = undefined
})

interface Subject {
  readonly clause: Clause
  readonly where: Where
}

/** Many at once, for the sake of time. */
const clauses = fc.array(clause, { minLength: 1, maxLength: 40, size: 'max' })

/** @param hasOwnOrder the database does not order texts by their bytes, as clauses here do */
async function agree(database: ClauseDatabase, list: readonly Clause[], hasOwnOrder: boolean): Promise<void> {
  const subjects: Subject[] = []
  for (const each of list) {
    const where = await definedOrRefused(database, each)
    if (!(where instanceof ProtocolError)) subjects.push({ clause: each, where })
    else if (!hasOwnOrder || !where.message.includes('no certain other case')) await isRefused(database, each)
  }
  const made = await database.find(subjects.map(({ where }) => ({ sql: where.sql, params: [] })))
  const written = await database.find(subjects.map((subject) => subject.clause))
  for (const [index, { clause, where }] of subjects.entries()) {
    const shown = JSON.stringify({ ...clause, made: where.sql }, null, 1)
    const test = where.bind(database.relation.columns)
    const streamed = database.rows.filter((row) => test(row)).map(([id]) => id)
    expect(streamed, shown).toEqual(made[index])
    if (!hasOwnOrder || !where.sql.includes('COLLATE')) expect(streamed, shown).toEqual(written[index])
  }
}

// Such as a number out of its type's range.
async function isRefused(database: ClauseDatabase, each: Clause): Promise<void> {
  await expect(database.find([each]), JSON.stringify(each)).rejects.toThrow()
}

function definedOrRefused(database: ClauseDatabase, each: Clause): Promise<Where | ProtocolError> {
  return database.define(each).catch((error: unknown) => {
    if (error instanceof ProtocolError) return error
    throw error
  })
}

test('random clauses find the same rows in Postgres and in the stream', async () => {
  const started = await startClauseDatabase(inject('testServerUrl'))
  database = started
  const property = fc.asyncProperty(clauses, (list) => agree(started, list, false))
  await fc.assert(property, { numRuns: 100 })
})

test("and so in a database with a language's own order and letters", async () => {
  const locale = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
  const started = await startClauseDatabase(inject('testServerUrl'), { locale })
  database = started
  const property = fc.asyncProperty(clauses, (list) => agree(started, list, true))
  await fc.assert(property, { numRuns: 40 })
})

// Version 16 brought other bases, and underscores between digits.
const withoutNewNumbers = clauses.map((list) =>
  list.map(({ sql, params }) => ({ sql: sql.replaceAll('0x1F', '31').replaceAll('1_000', '1000'), params })),
)
const DEBIAN_15 = '/usr/lib/postgresql/15/bin'

test.runIf(existsSync(DEBIAN_15))("and so in PostgreSQL 15 with the operating system's locale", async () => {
  server = await startTestDatabase({ binaries: DEBIAN_15 })
  const started = await startClauseDatabase(server.url)
  database = started
  const property = fc.asyncProperty(withoutNewNumbers, (list) => agree(started, list, false))
  await fc.assert(property, { numRuns: 40 })
})
