import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Client } from 'pg'
import postgres from 'postgres'
import type { Relation } from '../catalog/relation.ts'
import { queryOn, readRelation } from '../catalog/relation-catalog.ts'
import type { Tuple } from '../replication/pgoutput.ts'
import { DISPLAY_SETTINGS } from '../replication/replication.ts'
import { type Database, defineWhere } from './define-where.ts'
import type { Where } from './index.ts'
import { Letters } from './letters.ts'
import type { Clause } from './random-clauses.ts'
import { COLUMNS, rowValues, TYPE_DEFINITIONS } from './random-values.ts'

const PUBLICATION = 'clauses'

/** A database of its own with a table of random rows, `samples`. */
export interface ClauseDatabase {
  readonly client: Client
  readonly relation: Relation
  /** As the stream prints them, in the order of their ids. */
  readonly rows: readonly Tuple[]
  /** @param of another table than `samples` */
  define(clause: Clause, of?: Relation): Promise<Where>
  readTable(name: string): Promise<Relation>
  /** The ids of the rows that Postgres finds by each clause. */
  find(clauses: readonly Clause[]): Promise<string[][]>
  stop(): Promise<void>
}

/** @param locale what follows CREATE DATABASE */
export async function startClauseDatabase(
  serverUrl: string,
  { locale = '', rowCount = 300 } = {},
): Promise<ClauseDatabase> {
  const name = `clauses_${randomBytes(4).toString('hex')}`
  await onServer(serverUrl, `CREATE DATABASE ${name} ${locale}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const client = new Client({ connectionString: url.href })
  await client.connect()
  for (const [setting, value] of Object.entries(DISPLAY_SETTINGS)) {
    await client.query(`SET ${setting} = '${value}'`)
  }
  const settings = { fetch_types: false, onnotice: () => {}, connection: DISPLAY_SETTINGS }
  const sql = postgres(url.href, { max: 2, ...settings })
  await client.query(`
    ${TYPE_DEFINITIONS};
    CREATE TABLE samples (${COLUMNS});
    ALTER TABLE samples REPLICA IDENTITY FULL;
    CREATE PUBLICATION ${PUBLICATION} FOR ALL TABLES`)
  const values = fc.sample(rowValues, { numRuns: rowCount, seed: 7 })
  for (const [id, row] of values.entries()) await client.query(`INSERT INTO samples VALUES (${id}, ${row})`)
  const query = queryOn(sql)
  const read: Database['readTable'] = (table) => readRelation(query, table, PUBLICATION)
  const readTable = async (name: string) => {
    const relation = await read({ schema: 'public', name })
    if (!relation) throw new Error(`There is no table ${name}.`)
    return relation
  }
  const relation = await readTable('samples')
  const database: Database = { query, readTable: read, letters: new Letters() }
  return {
    client,
    relation,
    rows: await rowsOf(client, 'samples'),
    define: ({ sql, params }, of = relation) => defineWhere(sql, numbered(params), of, database),
    readTable,
    find: (clauses) => find(client, clauses),
    stop: async () => {
      await Promise.all([client.end(), sql.end({ timeout: 1 })])
      await onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}

async function onServer(url: string, text: string): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await admin.unsafe(text)
  } finally {
    await admin.end()
  }
}

async function find(client: Client, clauses: readonly Clause[]): Promise<string[][]> {
  let before = 0
  const tests = clauses.map(({ sql, params }) => {
    const renumbered = sql.replace(/\$(\d+)/g, (_, number: string) => `$${before + Number(number)}`)
    before += params.length
    return `array(SELECT id::text FROM samples WHERE ${renumbered} ORDER BY samples.id)`
  })
  const { rows } = await client.query<{ found: string[][] }>({
    text: `SELECT to_json(ARRAY[${tests.map((each) => `to_json(${each})`).join(', ')}]::json[]) AS found`,
    values: clauses.flatMap(({ params }) => params),
  })
  return rows[0]?.found ?? []
}

export async function rowsOf(client: Client, table: string): Promise<Tuple[]> {
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT * FROM ${table} ORDER BY id`,
    rowMode: 'array',
    types: { getTypeParser: () => (text: string) => text },
  })
  return rows
}

function numbered(params: readonly string[]): ReadonlyMap<number, string> {
  return new Map(params.map((text, index) => [index + 1, text]))
}
