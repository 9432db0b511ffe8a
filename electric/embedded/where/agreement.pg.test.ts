import fc from 'fast-check'
import { Client } from 'pg'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Tuple } from '../pgoutput.ts'
import { ProtocolError } from '../protocol-error.ts'
import type { Relation } from '../relation.ts'
import { type Query, readRelation } from '../relation-catalog.ts'
import { DISPLAY_SETTINGS } from '../replication.ts'
import { defineWhere } from './define-where.ts'
import { type Clause, COLUMNS, clause, rowValues, TYPE_DEFINITIONS } from './random-clauses.ts'

/** What Postgres finds by the clause as it was written, by the SQL made of it, and what is found in the stream: the same. */

const PUBLICATION = 'agreement'
const ROWS = 300
const name = `where_${process.pid}`

let sql: Sql
let client: Client
let relation: Relation
let query: Query
/** As pgoutput prints them. */
let rows: Tuple[]

beforeAll(async () => {
  const url = new URL(inject('testServerUrl'))
  const admin = postgres(url.href, { max: 1, onnotice: () => {} })
  await admin.unsafe(`DROP DATABASE IF EXISTS ${name}`)
  await admin.unsafe(`CREATE DATABASE ${name}`)
  await admin.end()
  url.pathname = `/${name}`
  sql = postgres(url.href, { max: 2, onnotice: () => {}, fetch_types: false, connection: DISPLAY_SETTINGS })
  client = new Client({ connectionString: url.href })
  await client.connect()
  for (const [setting, value] of Object.entries(DISPLAY_SETTINGS))
    await client.query(`SET ${setting} = '${value}'`)
  query = async (text, values) => sql.unsafe<object[]>(text, values)
  await fill()
})

afterAll(async () => {
  await client?.end()
  await sql?.end({ timeout: 1 })
})

async function fill(): Promise<void> {
  await sql.unsafe(`${TYPE_DEFINITIONS}; CREATE TABLE samples (${COLUMNS}); ALTER TABLE samples REPLICA IDENTITY FULL;
    CREATE PUBLICATION ${PUBLICATION} FOR TABLE samples`)
  const values = fc.sample(rowValues, { numRuns: ROWS, seed: 7 })
  await sql.unsafe(`INSERT INTO samples VALUES ${values.map((row, id) => `(${id}, ${row})`).join(', ')}`)
  const found = await readRelation(query, { schema: 'public', name: 'samples' }, PUBLICATION)
  if (!found) throw new Error('The table is not there.')
  relation = found
  const printed = await client.query<(string | null)[]>({
    text: 'SELECT * FROM samples ORDER BY id',
    rowMode: 'array',
    types: { getTypeParser: () => (text: string) => text },
  })
  rows = printed.rows
}

async function idsOf(text: string, params: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ id: number }>(`SELECT id FROM samples WHERE ${text} ORDER BY id`, [
    ...params,
  ])
  return rows.map(({ id }) => String(id))
}

async function agree({ sql: written, params }: Clause): Promise<void> {
  const texts = new Map(params.map((text, index) => [index + 1, text]))
  const where = await defineWhere(written, texts, relation, { query, readTable: async () => null }).catch(
    (error: Error) => error,
  )
  if (where instanceof ProtocolError) {
    // Such as a number out of its type's range: Postgres refuses it too.
    await expect(idsOf(written, params), `${written}: ${where.message}`).rejects.toThrow()
    return
  }
  if (where instanceof Error) throw where
  const shown = JSON.stringify({ written, params, sql: where.sql }, null, 1)
  const test = where.bind(relation.columns)
  const streamed = rows.filter((row) => test(row)).map(([id]) => id)
  expect(streamed, shown).toEqual(await idsOf(where.sql, []))
  expect(streamed, shown).toEqual(await idsOf(written, params))
}

test('random clauses find the same rows in Postgres and in the stream', { timeout: 600_000 }, async () => {
  const numRuns = Number(process.env.RUNS ?? 2_000)
  await fc.assert(fc.asyncProperty(clause, agree), { numRuns })
})
