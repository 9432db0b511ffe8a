import { randomInt } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ProtocolError } from '../http/protocol-error.ts'
import type { SubsetParams } from '../http/subset-params.ts'
import { RecentTransactions } from '../replication/recent-transactions.ts'
import { createTable, startTestDatabase, type TestDatabase, until } from '../testing.ts'
import { checkSubset, runSubset } from './index.ts'
import { NOTHING } from './testing.ts'
import { openSubsets, type SubsetAnswer, type Subsets } from './testing-engine.ts'

let database: TestDatabase
let subsets: Subsets

beforeAll(async () => {
  database = await startTestDatabase()
  const { sql } = database
  await sql`CREATE TYPE mood AS ENUM ('sad', 'happy')`
  await sql`CREATE DOMAIN score AS int CHECK (VALUE >= 0)`
  await sql`CREATE TYPE pair AS (a int, b int)`
  await createTable(
    sql,
    'items',
    `id int PRIMARY KEY, board int, uid uuid, title text, done bool, big int8, price numeric, at timestamptz,
     day date, mood mood, moods mood[], tags text[], score score, pair pair, doc json, data jsonb, code char(5), raw bytea`,
  )
  await sql.unsafe(`
    INSERT INTO items SELECT g, g % 3, ('00000000-0000-0000-0000-' || lpad(g::text, 12, '0'))::uuid,
      CASE WHEN g % 7 = 0 THEN NULL ELSE 'Title ' || g % 10 END, CASE g % 4 WHEN 0 THEN NULL ELSE g % 2 = 0 END,
      g * 10000000000, g / 4.0, '2026-01-01'::timestamptz + g * interval '1 hour', '2026-01-01'::date + g % 5,
      (ARRAY['sad', 'happy', NULL])[1 + g % 3]::mood, ARRAY['happy']::mood[], ARRAY['a', 't' || g % 2], g % 6,
      ROW(g, 1)::pair, '{}', jsonb_build_object('g', g), 'c' || g % 2, decode('0f', 'hex')
    FROM generate_series(1, 60) g`)
  subsets = await openSubsets(database)
})

afterAll(async () => {
  await subsets?.close()
  await database?.stop()
})

const ask = (subset: Partial<SubsetParams>, shape = {}) => subsets.ask({ table: 'items', ...shape }, subset)
const ids = ({ data }: SubsetAnswer) => data.map(({ value }) => Number(value.id))

test('an answer says what it is true for, and holds rows as a snapshot does', async () => {
  const answer = await ask({ where: 'id = 1' })
  const { snapshot_mark: mark } = answer.metadata
  expect(answer.metadata).toEqual({
    snapshot_mark: expect.any(Number),
    database_lsn: expect.stringMatching(/^\d+$/),
    xmin: expect.stringMatching(/^\d+$/),
    xmax: expect.stringMatching(/^\d+$/),
    xip_list: [],
  })
  expect(mark).toBeGreaterThanOrEqual(0)
  expect(mark).toBeLessThan(2 ** 31)
  expect(answer.data).toEqual([
    {
      key: '"public"."items"/"1"',
      headers: { operation: 'insert', relation: ['public', 'items'], snapshot_mark: mark },
      value: {
        ...{ id: '1', board: '1', uid: '00000000-0000-0000-0000-000000000001', title: 'Title 1' },
        ...{ done: 'false', big: '10000000000', price: '0.25000000000000000000' },
        ...{ at: '2026-01-01 01:00:00+00', day: '2026-01-02', mood: 'happy', moods: '{happy}' },
        ...{ tags: '{a,t1}', score: '1', pair: '(1,1)', doc: '{}', data: '{"g": 1}', code: 'c1   ' },
        raw: '\\x0f',
      },
    },
  ])
  expect((await ask({ where: 'false' })).data).toEqual([])
  expect((await ask({})).data).toHaveLength(60)
})

test('a transaction that is open is named', async () => {
  const connection = await database.sql.reserve()
  await connection`BEGIN`
  const [row] = await connection<{ xid: string }[]>`SELECT pg_current_xact_id()::text AS xid`
  const { metadata } = await ask({ where: 'false' })
  await connection`ROLLBACK`
  connection.release()
  expect(metadata.xmin).toBe(row?.xid)
  expect(Number(metadata.xmax)).toBeGreaterThanOrEqual(Number(row?.xid))
})

test.each([
  ['true = true', []],
  ['"id" = $1', ['7']],
  ['"id" > $1 AND "id" <= $2', ['7', '20']],
  ['"id" = ANY($1)', ['{3,5,8,NULL}']],
  ['"uid" = $1', ['00000000-0000-0000-0000-00000000000A']],
  ['"uid" = ANY($1)', ['{00000000-0000-0000-0000-000000000001}']],
  ['"title" = $1', ['Title 3']],
  ['LOWER("title") LIKE $1', ['title%']],
  ['"title" ILIKE $1', ['%E 4']],
  ['"title" NOT LIKE $1', ['%4']],
  ['"title" IS NULL', []],
  ['NOT ("title" IS NULL OR "id" > 9)', []],
  ['"done" = $1', ['true']],
  ['"done" IS NOT TRUE', []],
  ['"done"', []],
  ['"big" < $1', ['200000000000']],
  ['"price" >= $1', ['2.5']],
  ['"at" > $1', ['2026-01-02T03:04:05.678Z']],
  ["at AT TIME ZONE 'UTC' < '2026-01-02'", []],
  ["at + interval '1 day' > $1", ['2026-01-03']],
  ['"day" BETWEEN $1 AND $2', ['2026-01-02', '2026-01-03']],
  ['"mood" = $1', ['sad']],
  ['"mood" > $1', ['sad']],
  ['"mood" = ANY($1)', ['{happy}']],
  ["moods && '{sad}' OR mood IN ('sad', 'happy')", []],
  ['"score" = $1', ['3']],
  ["tags @> ARRAY['t1'] AND 'a' = ANY(tags) AND tags[2] = 't1'", []],
  ['data = \'{"g": 3}\'', []],
  ['"code" = $1', ['c1']],
  ["raw = '\\x0f' AND id < 3", []],
  ['pair IS NOT NULL AND doc IS NULL', []],
  ['id + 1 = 2 * 4 OR -id > -2 OR id / 2 = 3 OR |/ id = 4 OR id ^ 2 = 9', []],
  ['greatest(id, 5) = least(id, 7)', []],
  ["concat(title, '/', id) = $1 OR coalesce(title, $2) = $2", ['Title 1/1', 'none']],
  ["title || '!' = 'Title 2!'", []],
  ["id::text LIKE '1%' AND '5'::int4 < id", []],
  ['id IS DISTINCT FROM score', []],
])('%s finds what Postgres finds', async (where, params) => {
  const byNumber = Object.fromEntries(params.map((value, index) => [index + 1, value]))
  const text = where.replaceAll(/\$(\d)/g, (_, number) => `'${params[Number(number) - 1]}'`)
  const rows = await database.sql.unsafe<{ id: number }[]>(`SELECT id FROM items WHERE ${text} ORDER BY id`)
  expect(ids(await ask({ where, params: byNumber, orderBy: 'id' }))).toEqual(rows.map(({ id }) => id))
})

test("only the shape's rows are there, whatever the filter says", async () => {
  const shape = { where: 'board = $1', params: new Map([[1, '2']]), columns: ['id', 'board'] }
  const answer = await ask({ where: 'id < 10 OR true', orderBy: 'id' }, shape)
  expect(answer.data.map(({ value }) => value.board)).toEqual(Array(20).fill('2'))
  expect(Object.keys(answer.data[0]?.value ?? {})).toEqual(['id', 'board'])
})

test.each([
  ['id', 'id'],
  ['id DESC', 'id DESC'],
  ['title NULLS FIRST, id DESC', 'title NULLS FIRST, id DESC'],
  ['title DESC NULLS LAST,"big"', 'title DESC NULLS LAST, big'],
  ['done, mood DESC, 1 DESC', 'done, mood DESC, id DESC'],
])('sorting by %s is as in Postgres, not by texts', async (orderBy, plain) => {
  const rows = await database.sql.unsafe<{ id: number }[]>(
    `SELECT id FROM items ORDER BY ${plain} LIMIT 17 OFFSET 5`,
  )
  expect(ids(await ask({ orderBy, limit: 17, offset: 5 }))).toEqual(rows.map(({ id }) => id))
})

test('pages by cursor make up the whole: those that tie with the last row, and a limit of those after it', async () => {
  const seen = new Set<number>()
  let page = await ask({ orderBy: 'day', limit: 7 })
  while (page.data.length > 0) {
    for (const id of ids(page)) seen.add(id)
    const cursor = { 1: page.data.at(-1)?.value.day ?? '' }
    for (const id of ids(await ask({ where: '"day" = $1', params: cursor, orderBy: 'day' }))) seen.add(id)
    page = await ask({ where: '"day" > $1', params: cursor, orderBy: 'day', limit: 7 })
  }
  expect(seen.size).toBe(60)
})

async function refusal(subset: Partial<SubsetParams>, shape = {}) {
  const error = await ask(subset, shape).catch((caught: unknown) => caught)
  if (error instanceof ProtocolError) return { status: error.status, body: error.body }
  throw new Error('no refusal', { cause: error })
}

const invalid = (subset: unknown) => ({
  status: 400,
  body: { message: 'Invalid request', errors: { subset } },
})

test.each([
  ["mood = 'angry'", 'invalid input value for enum mood: "angry"'],
  ["uid = 'x'", 'invalid input syntax for type uuid: "x"'],
  ["id = ANY('1')", 'malformed array literal: "1"'],
  ["id = '99999999999'", 'value "99999999999" is out of range for type integer'],
  ['1 / (id - id) = 1', 'division by zero'],
  ['title::int4 = 1', expect.stringContaining('invalid input syntax for type integer: "Title')],
  ["at > 'yesterdaay'", expect.stringContaining('invalid input syntax for type timestamp')],
])('a value that does not fit, %s, is told in one text', async (where, message) => {
  expect(await refusal({ where })).toEqual(invalid({ where: message }))
})

test.each([
  ['id', 'WHERE clause must return a boolean'],
  ['1', 'WHERE clause must return a boolean'],
  ['uid = id', 'operator does not exist: uuid = integer'],
  ['mood::int4 = 1', 'cannot cast type mood to integer'],
  ["lower(id) = 'x'", 'function pg_catalog.lower(integer) does not exist'],
  ['id[1] = 1', 'cannot subscript type integer because it does not support subscripting'],
  ['coalesce(id, done) = 1', 'COALESCE types integer and boolean cannot be matched'],
  ["title LIKE 'a' AND id LIKE 'a'", 'operator does not exist: integer ~~ unknown'],
  ['ARRAY[] = tags', 'cannot determine type of empty array'],
  ["pair = '(1,2)'", 'type pair of pair is not supported in this context'],
  [`tags${'[1]'.repeat(20_000)} = ''`, expect.stringContaining('exceeds the maximum allowed')],
])('a filter that Postgres does not understand, %s, is a bad request', async (where, message) => {
  expect(await refusal({ where })).toEqual(invalid({ where: [message] }))
})

test('so is an order that a type does not have', async () => {
  const message = 'could not identify an ordering operator for type json'
  expect(await refusal({ orderBy: 'doc' })).toEqual(invalid({ order_by: [message] }))
  expect(await refusal({ where: "title LIKE '%'", orderBy: 'id, doc' })).toEqual(
    invalid({ order_by: [message] }),
  )
})

test("no filter fails at rows that are not the shape's: the error would tell of them", async () => {
  const { sql } = database
  await createTable(sql, 'secrets', 'id int PRIMARY KEY, board text, note text, cost int')
  await sql`INSERT INTO secrets SELECT g, 'b' || g, CASE g WHEN 1 THEN '1' ELSE 'secret' END, 2 - g
    FROM generate_series(1, 3) g`
  // A test of the shape's own that Postgres thinks dearer than any of these.
  const dear = ['b1', 'x%', 'y%', 'z%', '%q'].map((pattern) => `board LIKE '${pattern}'`).join(' OR ')
  const shape = { table: 'secrets', where: dear }
  const overflow = 'cost - 2147483647 - 1 < 0'
  for (const where of ['note::int4 = 1', '1 / cost = 1', "NOT note LIKE 'secret\\'", overflow]) {
    expect(ids(await ask({ where }, shape)), where).toEqual([1])
  }
})

test('a table that changed since is another shape', async () => {
  const { sql } = database
  await createTable(sql, 'changing', 'id int PRIMARY KEY, a text, b text')
  const definition = await subsets.define({ table: 'changing' })
  await sql`ALTER TABLE changing DROP COLUMN b`
  await expect(subsets.askOf(definition, { where: "a = ''" })).rejects.toMatchObject({ status: 409 })
  expect((await ask({ where: "a = ''" }, { table: 'changing' })).data).toEqual([])
})

test('a large answer does not stand in memory, nor in a folder', async () => {
  const { sql } = database
  await createTable(sql, 'large', 'id int PRIMARY KEY, text text')
  await sql`INSERT INTO large SELECT g, repeat(md5(g::text), 32) FROM generate_series(1, 5000) g`
  const body = await subsets.run(await subsets.define({ table: 'large' }), { where: 'true' })
  if (!body || Buffer.isBuffer(body)) throw new Error('the answer should be a stream')
  const files = await readdir(subsets.folder)
  expect(files.filter((file) => file.startsWith('subset'))).toEqual([])
  const parts: Buffer[] = []
  for await (const part of body.open()) parts.push(part)
  const { data } = JSON.parse(Buffer.concat(parts).toString())
  expect(new Set(data.map(({ value }: { value: { id: string } }) => value.id)).size).toBe(5000)
  expect(parts.length).toBeGreaterThan(5)
  await expect(ask({}, { table: 'large' })).resolves.toMatchObject({ data: { length: 5000 } })
})

test('an answer that nobody takes is let go of', async () => {
  const caller = new AbortController()
  const body = await subsets.run(await subsets.define({ table: 'large' }), {}, caller.signal)
  if (!body || Buffer.isBuffer(body)) throw new Error('the answer should be a stream')
  caller.abort()
  await expect(body.open()[Symbol.asyncIterator]().next()).rejects.toThrow('given up')
})

test('one that is larger than allowed is refused', async () => {
  const small = await openSubsets(database, { maxSnapshotBytes: 100_000, storageDir: null })
  const error = await small.ask({ table: 'large' }, {}).catch((caught: unknown) => caught)
  const few = await small.ask({ table: 'large' }, { where: 'id < 10' })
  await small.close()
  expect(error).toMatchObject({ status: 503, body: { message: 'The subset is larger than 100000 bytes' } })
  expect(few.data).toHaveLength(9)
})

/** A table whose rows take long to be seen. */
async function slowTable(name: string): Promise<void> {
  await createTable(database.sql, name, 'id int PRIMARY KEY')
  await database.sql.unsafe(`
    INSERT INTO ${name} SELECT generate_series(1, 1000);
    ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY slow ON ${name} USING (pg_sleep(1) IS NOT NULL)`)
}

async function sleeping(): Promise<number> {
  const rows = await database.sql`SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'`
  return rows.length
}

test('a query that takes too long is ended', async () => {
  await slowTable('slower')
  const definition = await subsets.define({ table: 'slower' })
  const pool = new Pool({ connectionString: database.electricUrl })
  const answer = runSubset(definition, await checkSubset(NOTHING, definition), {
    pool,
    publication: 'electric_publication_default',
    recent: new RecentTransactions(),
    maxBytes: 1_000_000,
    statementTimeoutMs: 50,
    folder: subsets.folder,
    signal: new AbortController().signal,
  })
  await expect(answer).rejects.toMatchObject({ code: '57014' })
  expect(pool.idleCount).toBe(1)
  await pool.end()
})

test('the query of a caller that goes away ends', async () => {
  await slowTable('slow')
  const caller = new AbortController()
  const answer = subsets.run(await subsets.define({ table: 'slow' }), {}, caller.signal)
  await until(async () => (await sleeping()) > 0)
  caller.abort()
  expect(await answer).toBeNull()
  await until(async () => (await sleeping()) === 0)
  const gone = AbortSignal.abort()
  expect(await subsets.run(await subsets.define({ table: 'items' }), {}, gone)).toBeNull()
})

/** Waits until a third transaction for a subset has begun. */
async function retried(sql: TestDatabase['sql']): Promise<void> {
  const seen = new Set<string>()
  await until(async () => {
    const rows = await sql<{ xact_start: string }[]>`
      SELECT xact_start::text FROM pg_stat_activity
      WHERE application_name = 'electric' AND backend_type = 'client backend' AND xact_start IS NOT NULL`
    for (const row of rows) seen.add(row.xact_start)
    return seen.size > 2
  })
}

test('what a transaction streamed and does not show yet is waited for', async () => {
  const { sql } = database
  const definition = await subsets.define({ table: 'items' })
  const [row] = await sql<{ xid: string }[]>`SELECT pg_current_xact_id()::xid::text AS xid`
  // The next transaction, which takes the next id and stays open.
  const connection = await sql.reserve()
  await connection`BEGIN`
  await connection`INSERT INTO items (id) VALUES (${1000 + randomInt(1_000_000)})`
  subsets.streamed(Number(row?.xid) + 1)
  let isAnswered = false
  const answer = subsets.run(definition, { where: 'id >= 1000' }).finally(() => {
    isAnswered = true
  })
  await retried(sql)
  expect(isAnswered).toBe(false)
  await connection`COMMIT`
  connection.release()
  expect(JSON.parse(String(await answer)).data).toHaveLength(1)
})
