import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '#db/embedded.ts'
import {
  createTable,
  get,
  killWalSender,
  startTestDatabase,
  startTestElectric,
  sync,
  type TestDatabase,
  type TestElectric,
  until,
} from '../testing.ts'

let database: TestDatabase
let electric: TestElectric

beforeAll(async () => {
  database = await startTestDatabase()
  await createTable(database.sql, 'items', 'id int PRIMARY KEY, v text')
})

afterAll(() => database?.stop())

beforeEach(async () => {
  electric = await startTestElectric(database)
  await electric.ready
})

afterEach(() => electric.close())

const ITEMS = { table: 'items' }
const health = async (url = electric.url) => (await fetch(`${url}/v1/health`)).status

async function slots() {
  return database.sql<{ confirmed_flush_lsn: string; temporary: boolean }[]>`
    SELECT confirmed_flush_lsn::text, temporary FROM pg_replication_slots`
}

test('when the connection is lost, those who wait start afresh on a new handle and miss nothing', async () => {
  await database.sql`DELETE FROM items`
  const before = await sync(electric, ITEMS)
  const waiting = get(electric, { ...ITEMS, handle: before.handle, offset: before.last.offset, live: 'true' })
  await killWalSender(database)
  const answer = await waiting
  expect([answer.status, answer.handle]).toEqual([409, ''])
  await database.sql`INSERT INTO items VALUES (1, 'meanwhile')`
  const after = await sync(electric, ITEMS)
  expect(after.handle).not.toBe(before.handle)
  expect(after.changes.map(({ value }) => value.v)).toEqual(['meanwhile'])
  expect((await get(electric, { ...ITEMS, handle: before.handle, offset: '0_0' })).status).toBe(409)
  await until(async () => (await health()) === 200)
  expect(electric.lines).toHaveLength(2)
  expect(electric.lines[0]).toMatch(/^warn: Replication is interrupted, trying again: /)
  expect(electric.lines[1]).toMatch(/^info: Following electric_publication_default again/)
})

test('when Postgres crashes, it waits for it and goes on with what was committed', async () => {
  await database.sql`DELETE FROM items`
  await database.sql`INSERT INTO items VALUES (2, 'committed')`
  const before = await sync(electric, ITEMS)
  const crashed = database.crash()
  await until(async () => (await health()) === 202)
  const meanwhile = sync(electric, ITEMS)
  await crashed
  await until(async () => (await health()) === 200)
  await meanwhile
  const after = await sync(electric, ITEMS)
  expect(after.handle).not.toBe(before.handle)
  expect(after.changes.map(({ value }) => value.v)).toEqual(['committed'])
  expect(electric.lines.filter((line) => line.startsWith('error'))).toEqual([])
})

test('without a database it says so, and serves as soon as there is one', async () => {
  const nowhere = await startTestElectric(
    { ...database, electricUrl: `postgres://x:y@127.0.0.1:${await freePort()}/postgres` },
    { readyTimeoutMs: 50 },
  )
  try {
    expect(await health(nowhere.url)).toBe(202)
    const answer = await get(nowhere, { ...ITEMS, offset: '-1' })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(nowhere.lines).toHaveLength(1)
  } finally {
    await nowhere.close()
  }
})

test('the slot is temporary, and follows the log while nothing changes in a shape', async () => {
  const [slot, ...others] = await slots()
  expect(others).toEqual([])
  expect(slot?.temporary).toBe(true)
  await database.sql`CREATE TABLE noise AS SELECT g, repeat('x', 100) FROM generate_series(1, 1000) g`
  const [now] = await database.sql<{ lsn: string }[]>`SELECT pg_current_wal_flush_lsn()::text AS lsn`
  await until(async () => {
    const [row] = await database.sql<{ reached: boolean }[]>`
      SELECT confirmed_flush_lsn >= ${now?.lsn ?? ''}::pg_lsn AS reached FROM pg_replication_slots`
    return row?.reached ?? false
  })
  await database.sql`DROP TABLE noise`
})

test('it acknowledges no more than was sent, which would keep Postgres from shutting down', async () => {
  await database.sql`INSERT INTO items VALUES (10, 'a')`
  await until(async () => {
    const [row] = await database.sql<{ is_done: boolean }[]>`
      SELECT flush_lsn = sent_lsn AS is_done FROM pg_stat_replication WHERE application_name = 'electric'`
    return row?.is_done ?? false
  })
})

test('several can follow one database, and none leaves a slot behind', async () => {
  const second = await startTestElectric(database)
  await second.ready
  const both = await Promise.all([sync(electric, ITEMS), sync(second, ITEMS)])
  expect(both[0].changes).toEqual(both[1].changes)
  await second.close()
  await until(async () => (await slots()).length === 1)
})

test('a database that nobody can follow is named in one line', async () => {
  const wrong = await startTestElectric({
    ...database,
    electricUrl: database.electricUrl.replace(/electric:[^@]*@/, 'electric:wrong@'),
  })
  await until(() => wrong.lines.length > 0)
  expect(wrong.lines[0]).toContain('password authentication failed')
  await wrong.close()
})

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

function startMain(env: Record<string, string>): { child: ChildProcess; output: () => string } {
  const child = fork(MAIN, { env: { PATH: process.env.PATH ?? '', ...env }, silent: true, execArgv: [] })
  let text = ''
  child.stdout?.on('data', (chunk) => (text += chunk))
  child.stderr?.on('data', (chunk) => (text += chunk))
  return { child, output: () => text }
}

async function startReadyMain() {
  const port = await freePort()
  const { child, output } = startMain({
    DATABASE_URL: database.electricUrl,
    ELECTRIC_PORT: String(port),
    ELECTRIC_SECRET: 's',
  })
  await until(() => output().includes('ready'))
  expect(output()).toBe(`electric: ready on http://127.0.0.1:${port}\n`)
  return { child, url: `http://127.0.0.1:${port}` }
}

test('the process refuses to start without a secret', async () => {
  const { child, output } = startMain({ DATABASE_URL: database.electricUrl })
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(output()).toMatch(/^electric: Set ELECTRIC_SECRET.*\n$/)
})

test('the process stops cleanly on SIGTERM, with requests waiting', async () => {
  const { child, url } = await startReadyMain()
  const params = { ...ITEMS, secret: 's' }
  const { handle, last } = await sync({ url }, params)
  const waiting = get({ url }, { ...params, handle, offset: last.offset, live: 'true' })
  await get({ url }, { ...params, offset: '-1' })
  child.kill('SIGTERM')
  expect((await waiting).status).toBe(503)
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('the process ends with the one that started it', async () => {
  const { child } = await startReadyMain()
  child.disconnect()
  expect(await once(child, 'exit')).toEqual([0, null])
})
