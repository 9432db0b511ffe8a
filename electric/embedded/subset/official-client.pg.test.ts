import { isChangeMessage, type Message, ShapeStream } from '@electric-sql/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createTable,
  startTestDatabase,
  startTestElectric,
  type TestDatabase,
  type TestElectric,
  until,
} from '../testing.ts'

let database: TestDatabase
let electric: TestElectric

beforeAll(async () => {
  database = await startTestDatabase()
  electric = await startTestElectric(database, { longPollTimeoutMs: 1_000 })
  await createTable(database.sql, 'counters', 'id int PRIMARY KEY, n int NOT NULL')
  await database.sql`INSERT INTO counters SELECT g, 0 FROM generate_series(1, 60) g`
  await electric.ready
})

afterAll(async () => {
  await electric?.close()
  await database?.stop()
})

type Row = { id: number; n: number }

/** Rows as a collection on demand keeps them: what it asked for, and what was inserted since. */
function keepRows(rows: Map<number, number>, messages: readonly Message<Row>[]): void {
  for (const message of messages.filter(isChangeMessage)) {
    const { id, n } = message.value
    if (message.headers.operation === 'delete') rows.delete(id)
    else if (message.headers.operation === 'insert' || rows.has(id)) rows.set(id, n)
  }
}

/** Counts up, and takes away and puts back, as fast as it can. */
async function write(seed: number, times: number): Promise<void> {
  const { sql } = database
  for (let step = 0; step < times; step++) {
    const id = 1 + ((seed + step * 7) % 60)
    if (step % 5 === 0) await sql`DELETE FROM counters WHERE id = ${id}`
    else if (step % 5 === 1) await sql`INSERT INTO counters VALUES (${id}, ${step}) ON CONFLICT DO NOTHING`
    else await sql`UPDATE counters SET n = n + 1 WHERE id = ${id}`
  }
}

test.each(['GET', 'POST'] as const)(
  'subsets asked for by %s under fire end in what the table holds',
  async (method) => {
    const { sql } = database
    const rows = new Map<number, number>()
    const caller = new AbortController()
    const stream = new ShapeStream<Row>({
      url: `${electric.url}/v1/shape`,
      params: { table: 'counters', replica: 'full' },
      log: 'changes_only',
      offset: 'now',
      subsetMethod: method,
      signal: caller.signal,
    })
    stream.subscribe((messages) => keepRows(rows, messages))
    await until(() => stream.isUpToDate)
    const writers = Promise.all([1, 2, 3].map((seed) => write(seed, 150)))
    for (let from = 1; from <= 60; from += 4) {
      await stream.requestSnapshot({
        where: '"id" BETWEEN $1 AND $2',
        params: { 1: `${from}`, 2: `${from + 9}` },
      })
      await stream.requestSnapshot({ where: 'true = true', params: {}, orderBy: '"n" DESC', limit: 7 })
    }
    await writers
    const held = await sql<Row[]>`SELECT id, n FROM counters`
    const byId = (a: readonly [number, number], b: readonly [number, number]) => a[0] - b[0]
    const expected = held.map(({ id, n }) => [id, n] as const).sort(byId)
    expect(expected.length).toBeGreaterThan(5)
    await until(() => JSON.stringify([...rows].sort(byId)) === JSON.stringify(expected))
    caller.abort()
  },
)
