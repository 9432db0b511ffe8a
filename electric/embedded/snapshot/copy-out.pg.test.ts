import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createTable,
  get,
  startTestDatabase,
  startTestElectric,
  type TestDatabase,
  type TestElectric,
  until,
} from '../testing.ts'

/** What is given up in the middle takes its connection along, and nothing else. */

let database: TestDatabase
let electric: TestElectric

beforeAll(async () => {
  database = await startTestDatabase()
  await createTable(database.sql, 'large', 'id int PRIMARY KEY, v text')
  await createTable(database.sql, 'chosen', 'id int PRIMARY KEY')
  await database.sql`INSERT INTO large SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i`
  await database.sql`INSERT INTO chosen SELECT id FROM large`
  electric = await startTestElectric(database, { maxSnapshotBytes: 100_000 })
  await electric.ready
})
afterAll(async () => {
  await electric?.close()
  await database?.stop()
})

// Without its listener the error of the connection's end is one that nobody handles: the run would fail of it.
async function connectionsAreGone(): Promise<void> {
  await until(async () => {
    const active = await database.sql`
      SELECT FROM pg_stat_activity WHERE application_name = 'electric' AND query LIKE '%COPY%' AND state = 'active'`
    return active.length === 0
  })
}

test('a shape that ends between its view of the database and its rows', async () => {
  const writer = await database.sql.reserve()
  try {
    await writer`INSERT INTO chosen SELECT id FROM generate_series(100000, 500000) id`
    await writer`BEGIN`
    await writer`INSERT INTO chosen VALUES (-1)`
    const params = { table: 'large', where: 'id IN (SELECT id FROM chosen)' }
    const answer = get(electric, { ...params, offset: '-1' })
    await until(async () => {
      const reading = await database.sql`
        SELECT FROM pg_stat_activity
        WHERE application_name = 'electric' AND state = 'active' AND query LIKE 'SELECT%FROM%chosen%'`
      return reading.length > 0
    })
    await writer`COMMIT`
    // Whichever comes first: the change that ends the shape, or the row that makes it too large.
    expect([409, 503]).toContain((await answer).status)
    await connectionsAreGone()
  } finally {
    writer.release()
  }
})

test('a shape over a subquery that is larger than may be', async () => {
  const params = { table: 'large', where: 'id IN (SELECT id FROM chosen)' }
  expect((await get(electric, { ...params, offset: '-1' })).status).toBe(503)
  await connectionsAreGone()
})

test('a subset that is larger than may be', async () => {
  const params = { table: 'large', log: 'changes_only', offset: 'now' }
  expect((await get(electric, { ...params, subset__where: 'id > 0' })).status).toBe(503)
  await connectionsAreGone()
})
