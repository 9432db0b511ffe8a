import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  get,
  startTestDatabase,
  startTestElectric,
  sync,
  type TestDatabase,
  type TestElectric,
} from '../testing.ts'

/** Any database, any table: what a shape asks for is published by the server itself. */

let database: TestDatabase
let electric: TestElectric
let storageDir: string

beforeAll(async () => {
  database = await startTestDatabase()
  storageDir = await mkdtemp(join(tmpdir(), 'electric-publishing-'))
  await database.sql.unsafe(`
    CREATE SCHEMA "Odd schema";
    CREATE TABLE "Odd schema"."a ""table""" (id int PRIMARY KEY, v text);
    CREATE TABLE owned (id int PRIMARY KEY, v text);
    CREATE TABLE busy (id int PRIMARY KEY, v text);
    CREATE TABLE strange (id int PRIMARY KEY);
    CREATE VIEW a_view AS SELECT * FROM owned;
    ALTER SCHEMA "Odd schema" OWNER TO electric;
    ALTER TABLE "Odd schema"."a ""table""" OWNER TO electric;
    ALTER TABLE owned OWNER TO electric;
    ALTER TABLE busy OWNER TO electric;
    DROP PUBLICATION electric_publication_default;
    GRANT CREATE ON DATABASE postgres TO electric`)
  await start()
})
afterAll(async () => {
  await electric?.close()
  await database?.stop()
  await rm(storageDir, { recursive: true, force: true })
})
afterEach(() => {
  expect(electric.lines.filter((line) => line.startsWith('error'))).toEqual([])
})

async function start(): Promise<void> {
  electric = await startTestElectric(database, {
    storageDir,
    manualTablePublishing: false,
    lockTimeoutMs: 100,
    reconcileEveryMs: 50,
  })
  await electric.ready
}

test('a table is published with its first shape, and followed', async () => {
  await database.sql`INSERT INTO owned VALUES (1, 'before')`
  const before = await sync(electric, { table: 'owned' })
  expect(before.changes.map(({ value }) => value.v)).toEqual(['before'])
  const waiting = get(electric, { table: 'owned', handle: before.handle, offset: '0_inf', live: 'true' })
  await database.sql`UPDATE owned SET v = 'after'`
  expect((await waiting).changes.map(({ value }) => value.v)).toEqual(['after'])
})

test('odd names are published too', async () => {
  const { changes } = await sync(electric, { table: '"Odd schema"."a ""table"""' })
  expect(changes).toEqual([])
})

test('many first requests at once publish it once', async () => {
  await database.sql`ALTER PUBLICATION electric_publication_default DROP TABLE owned`
  const requests = Array.from({ length: 20 }, (_, index) =>
    get(electric, { table: 'owned', where: 'id = $1', 'params[1]': `${index}`, offset: '-1' }),
  )
  const statuses = (await Promise.all(requests)).map(({ status }) => status)
  expect(statuses.every((status) => status === 200 || status === 503)).toBe(true)
  expect(statuses).toContain(200)
})

test('a table that left the publication and came back ends the shapes that missed what was written meanwhile', async () => {
  const before = await sync(electric, { table: 'owned' })
  await electric.close()
  await database.sql`ALTER PUBLICATION electric_publication_default DROP TABLE owned`
  await database.sql`INSERT INTO owned VALUES (50, 'missed')`
  await database.sql`ALTER PUBLICATION electric_publication_default ADD TABLE owned`
  await start()
  const again = await get(electric, { table: 'owned', handle: before.handle, offset: '0_inf' })
  expect(again.status).toBe(409)
  const { changes } = await sync(electric, { table: 'owned' })
  expect(changes.map(({ value }) => value.v)).toContain('missed')
})

test('a table that the role does not own cannot be published, and says so', async () => {
  const answer = await get(electric, { table: 'strange', offset: '-1' })
  expect(answer.status).toBe(503)
  expect(answer.body.message).toMatch(/may not publish "public"\."strange"/)
})

test('a view is no table', async () => {
  const answer = await get(electric, { table: 'a_view', offset: '-1' })
  expect(answer.status).toBe(400)
  expect(answer.body.errors.table[0]).toMatch(/^Table "public"\."a_view" does not exist/)
})

test('a table that a writer holds is waited for, and then said to be held', async () => {
  await database.sql.begin(async (writer) => {
    await writer`INSERT INTO busy VALUES (1, 'x')`
    const answer = await get(electric, { table: 'busy', offset: '-1' })
    expect([answer.status, answer.body]).toEqual([
      503,
      { message: 'Snapshot timed out while waiting for a table lock' },
    ])
    expect(answer.headers.get('retry-after')).toBe('10')
  })
  expect((await sync(electric, { table: 'busy' })).changes).toHaveLength(1)
})

test('a publication that was made anew while it was away means new handles for all', async () => {
  const before = await sync(electric, { table: 'busy' })
  await electric.close()
  await database.sql`DROP PUBLICATION electric_publication_default`
  await start()
  const gone = await get(electric, { table: 'busy', handle: before.handle, offset: '0_inf' })
  expect(gone.status).toBe(409)
  expect((await sync(electric, { table: 'busy' })).changes).toHaveLength(1)
})
