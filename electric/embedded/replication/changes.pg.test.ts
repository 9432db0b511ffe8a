import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  type ChangeMessage,
  createTable,
  get,
  type ShapeResponse,
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
  await createTable(
    database.sql,
    'rows',
    'id int, part text, scope int, v text, n text, PRIMARY KEY (part, id)',
  )
  await createTable(database.sql, 'other', 'id int PRIMARY KEY')
  await createTable(database.sql, 'keyless', 'a text, b text')
  await createTable(database.sql, 'flags', 'flag bool PRIMARY KEY, v int')
})

afterAll(() => database?.stop())

// A fresh one for each test: its shapes begin with what the test set up.
beforeEach(async () => {
  await database.sql`DELETE FROM rows`
  electric = await startTestElectric(database)
  await electric.ready
})

afterEach(() => electric.close())

const SCOPED = { table: 'rows', where: 'scope = $1', 'params[1]': '1' }

/** Runs SQL, one transaction, and returns what the shape's followers get of it. */
async function changesOf(
  params: Record<string, string>,
  setup: string,
  statements: string,
): Promise<{ changes: ChangeMessage[]; answer: ShapeResponse; xid: number }> {
  const { sql } = database
  await sql.unsafe(setup)
  const { last } = await sync(electric, params)
  const next = get(electric, { ...params, handle: last.handle, offset: last.offset, live: 'true' })
  const xid = await sql.begin(async (transaction) => {
    const [row] = await transaction<{ xid: string }[]>`SELECT pg_current_xact_id()::xid::text AS xid`
    await transaction.unsafe(statements)
    return Number(row?.xid)
  })
  const answer = await next
  return { changes: answer.changes, answer, xid }
}

test('changes carry txid, position and the end of the transaction', async () => {
  const { changes, answer, xid } = await changesOf(
    SCOPED,
    '',
    `INSERT INTO rows VALUES (1, 'p', 1, 'a'); INSERT INTO other VALUES (1); INSERT INTO rows VALUES (2, 'p', 2, 'b');
     INSERT INTO rows VALUES (3, 'x/y', 1, NULL)`,
  )
  expect(changes.map(({ key, value }) => ({ key, value }))).toEqual([
    { key: '"public"."rows"/"p"/"1"', value: { id: '1', part: 'p', scope: '1', v: 'a', n: null } },
    { key: '"public"."rows"/"x//y"/"3"', value: { id: '3', part: 'x/y', scope: '1', v: null, n: null } },
  ])
  const lsn = answer.offset.split('_')[0]
  const shared = { operation: 'insert', relation: ['public', 'rows'], txids: [xid], lsn }
  expect(changes.map(({ headers }) => headers)).toEqual([
    { ...shared, op_position: 0 },
    { ...shared, op_position: 6, last: true },
  ])
  expect(answer.offset).toBe(`${lsn}_6`)
})

test('an update carries the key and what changed, a delete the key', async () => {
  const { changes } = await changesOf(
    SCOPED,
    `INSERT INTO rows VALUES (1, 'p', 1, 'a', 'n'), (2, 'p', 1, 'b', 'n')`,
    `UPDATE rows SET v = 'c' WHERE id = 1; DELETE FROM rows WHERE id = 2`,
  )
  expect(changes.map(({ value, headers }) => [headers.operation, value])).toEqual([
    ['update', { id: '1', part: 'p', v: 'c' }],
    ['delete', { id: '2', part: 'p' }],
  ])
})

test('with replica=full both carry the whole row, and an update the old values', async () => {
  const { changes } = await changesOf(
    { ...SCOPED, replica: 'full' },
    `INSERT INTO rows VALUES (1, 'p', 1, 'a', 'n'), (2, 'p', 1, 'b', 'n')`,
    `UPDATE rows SET v = NULL WHERE id = 1; DELETE FROM rows WHERE id = 2`,
  )
  expect(changes.map(({ value, old_value }) => [value, old_value])).toEqual([
    [{ id: '1', part: 'p', scope: '1', v: null, n: 'n' }, { v: 'a' }],
    [{ id: '2', part: 'p', scope: '1', v: 'b', n: 'n' }, undefined],
  ])
})

test('rows that move into the scope are inserts, those that move out are deletes', async () => {
  const { changes } = await changesOf(
    SCOPED,
    `INSERT INTO rows VALUES (1, 'p', 1, 'a'), (2, 'p', 2, 'b'), (3, 'p', 2, 'c'), (4, 'p', NULL, 'd')`,
    `UPDATE rows SET scope = 2 WHERE id = 1; UPDATE rows SET scope = 1 WHERE id = 2;
     UPDATE rows SET scope = NULL WHERE id = 3; UPDATE rows SET scope = 1 WHERE id = 4`,
  )
  expect(changes.map(({ value, headers }) => [headers.operation, value.id, headers.op_position])).toEqual([
    ['delete', '1', 0],
    ['insert', '2', 2],
    ['insert', '4', 6],
  ])
  expect(changes[1]?.value).toEqual({ id: '2', part: 'p', scope: '1', v: 'b', n: null })
})

test('a new key is a delete and an insert that name each other', async () => {
  const { changes } = await changesOf(
    SCOPED,
    `INSERT INTO rows VALUES (1, 'p', 1, 'a')`,
    `UPDATE rows SET id = 9 WHERE id = 1`,
  )
  const [from, to] = ['"public"."rows"/"p"/"1"', '"public"."rows"/"p"/"9"']
  expect(changes).toMatchObject([
    {
      key: from,
      value: { id: '1', part: 'p' },
      headers: { operation: 'delete', op_position: 0, key_change_to: to },
    },
    {
      key: to,
      value: { id: '9', part: 'p', scope: '1', v: 'a', n: null },
      headers: { operation: 'insert', op_position: 1, key_change_from: from, last: true },
    },
  ])
  expect(changes[0]?.headers).not.toHaveProperty('last')
})

test('updates of other columns than the selected ones are dropped, and still count', async () => {
  const { changes } = await changesOf(
    { ...SCOPED, columns: 'v,id,part' },
    `INSERT INTO rows VALUES (1, 'p', 1, 'a', 'n')`,
    `UPDATE rows SET n = 'm'; UPDATE rows SET v = v; UPDATE rows SET v = 'b'`,
  )
  expect(changes.map(({ value, headers }) => [value, headers.op_position])).toEqual([
    [{ id: '1', part: 'p', v: 'b' }, 4],
  ])
})

test('a large value that did not change is whole where the row moves into the scope', async () => {
  const { changes } = await changesOf(
    SCOPED,
    `ALTER TABLE rows ALTER v SET STORAGE EXTERNAL; INSERT INTO rows VALUES (1, 'p', 2, repeat('x', 100000))`,
    `UPDATE rows SET scope = 1`,
  )
  expect(changes[0]?.value.v).toHaveLength(100_000)
})

test('a table without a key is keyed by its rows: every update replaces one', async () => {
  const { changes } = await changesOf(
    { table: 'keyless' },
    `INSERT INTO keyless VALUES ('x/y', NULL)`,
    `UPDATE keyless SET b = 'w'`,
  )
  expect(changes.map(({ key, value, headers }) => [headers.operation, key, value])).toEqual([
    ['delete', '"public"."keyless"/"x//y"/_', { a: 'x/y', b: null }],
    ['insert', '"public"."keyless"/"x//y"/"w"', { a: 'x/y', b: 'w' }],
  ])
})

test('a boolean selects and keys alike in the snapshot and in the stream', async () => {
  const params = { table: 'flags', where: 'flag = $1', 'params[1]': 'yes' }
  const { changes } = await changesOf(
    params,
    `INSERT INTO flags VALUES (true, 1), (false, 1)`,
    `UPDATE flags SET v = 2`,
  )
  const { changes: all } = await sync(electric, params)
  expect(all.map(({ key }) => key)).toEqual(['"public"."flags"/"true"', '"public"."flags"/"true"'])
  expect(changes.map(({ key, value }) => [key, value])).toEqual([
    ['"public"."flags"/"true"', { flag: 't', v: '2' }],
  ])
})

test('what is rolled back never happened, and savepoints report the whole transaction', async () => {
  const { changes, xid } = await changesOf(
    SCOPED,
    '',
    `INSERT INTO rows VALUES (1, 'p', 1); SAVEPOINT a; INSERT INTO rows VALUES (2, 'p', 1); ROLLBACK TO a;
     SAVEPOINT b; INSERT INTO rows VALUES (3, 'p', 1)`,
  )
  expect(changes.map(({ value, headers }) => [value.id, headers.txids])).toEqual([
    ['1', [xid]],
    ['3', [xid]],
  ])
})

test('values are the same text in the snapshot and in the stream', async () => {
  const columns = {
    stamp: ['timestamptz', `'2024-02-29 13:14:15.123456+02'`],
    day: ['date', `'2024-12-31'`],
    span: ['interval', `'1 year 2 days 03:04:05.6'`],
    bytes: ['bytea', `'\\x00ff'`],
    real: ['float8', `0.1::float8 + 0.2`],
    exact: ['numeric(20,5)', `12345678901234.5`],
    big: ['int8', '9007199254740993'],
    padded: ['char(5)', `'ab'`],
    address: ['inet', `'10.0.0.1'`],
    json: ['json', `'{"b": 1,  "a":2}'`],
    jsonb: ['jsonb', `'{"b": 1,  "a":2}'`],
    list: ['text[]', `ARRAY['a b', NULL, 'c"d']`],
    words: ['text', `E'line\\n\\ttab "quote" \\\\ \\u2028 😀'`],
    "it's": ['text', `'odd name'`],
    __proto__: ['text', `'odd name'`],
  }
  const entries = Object.entries({ ...columns, ['__proto__']: ['text', `'odd'`] }) as [
    string,
    [string, string],
  ][]
  const definitions = entries.map(([name, [type]]) => `"${name}" ${type}`)
  await createTable(database.sql, 'types', `id int PRIMARY KEY, ${definitions.join(', ')}`)
  const values = entries.map(([, [, value]]) => value).join(', ')
  const { changes } = await changesOf(
    { table: 'types' },
    `SET timezone = 'Asia/Tokyo'; INSERT INTO types VALUES (1, ${values})`,
    `SET LOCAL datestyle = 'German'; INSERT INTO types VALUES (2, ${values})`,
  )
  const { responses } = await sync(electric, { table: 'types' })
  const { id: _, ...snapshot } = responses[0]?.changes[0]?.value ?? {}
  const { id: __, ...streamed } = changes[0]?.value ?? {}
  expect(Object.keys(snapshot)).toEqual(entries.map(([name]) => name))
  expect(streamed).toEqual(snapshot)
  expect(snapshot).toMatchObject({
    stamp: '2024-02-29 11:14:15.123456+00',
    span: 'P1Y2DT3H4M5.6S',
    bytes: '\\x00ff',
    real: '0.30000000000000004',
    exact: '12345678901234.50000',
    padded: 'ab   ',
    address: '10.0.0.1',
    json: '{"b": 1,  "a":2}',
    words: 'line\n\ttab "quote" \\ \u2028 😀',
  })
  const schema = JSON.parse(responses[0]?.headers.get('electric-schema') ?? '{}')
  expect(schema).toMatchObject({
    exact: { type: 'numeric', precision: 20, scale: 5 },
    padded: { type: 'bpchar', length: 5 },
    list: { type: 'text', dims: 1 },
  })
})

const endings: [string, string][] = [
  ['is truncated', 'TRUNCATE ending'],
  ['is truncated with others', 'TRUNCATE other, ending'],
  ['gets a column', 'ALTER TABLE ending ADD w text; INSERT INTO ending VALUES (5)'],
  ['loses a column', 'ALTER TABLE ending DROP v; INSERT INTO ending VALUES (5)'],
  ['has a column renamed', 'ALTER TABLE ending RENAME v TO w; INSERT INTO ending VALUES (5)'],
  ['has a column retyped', 'ALTER TABLE ending ALTER v TYPE varchar(9); INSERT INTO ending VALUES (5)'],
  ['is renamed', 'ALTER TABLE ending RENAME TO renamed; INSERT INTO renamed VALUES (5)'],
  [
    'loses its replica identity',
    'ALTER TABLE ending REPLICA IDENTITY DEFAULT; INSERT INTO ending VALUES (5)',
  ],
  [
    'is made anew',
    `DROP TABLE ending; CREATE TABLE ending (id int PRIMARY KEY, v text); ALTER TABLE ending REPLICA IDENTITY FULL;
     ALTER PUBLICATION electric_publication_default ADD TABLE ending; INSERT INTO ending VALUES (5, 'new')`,
  ],
]

test.each(endings)('those who wait start afresh when the table %s', async (_title, statements) => {
  await database.sql.unsafe('DROP TABLE IF EXISTS ending, renamed')
  await createTable(database.sql, 'ending', 'id int PRIMARY KEY, v text')
  const { answer } = await changesOf({ table: 'ending' }, `INSERT INTO ending VALUES (1, 'old')`, statements)
  expect(answer.status).toBe(409)
  expect(answer.headers.get('cache-control')).toBe('public, max-age=1, must-revalidate')
  expect(answer.headers.has('electric-handle')).toBe(false)
  expect(answer.body).toEqual([{ headers: { control: 'must-refetch' } }])
})

test('a shape that names its columns outlives columns that it does not name', async () => {
  await database.sql.unsafe('DROP TABLE IF EXISTS ending, renamed')
  await createTable(database.sql, 'ending', 'id int PRIMARY KEY, v text')
  const { answer } = await changesOf(
    { table: 'ending', columns: 'id,v' },
    '',
    `ALTER TABLE ending ADD w text; INSERT INTO ending VALUES (5, 'a', 'b')`,
  )
  expect(answer.changes.map(({ value }) => value)).toEqual([{ id: '5', v: 'a' }])
})

test('after the table is made anew, clients read the new one', async () => {
  await database.sql.unsafe('DROP TABLE IF EXISTS ending, renamed')
  await createTable(database.sql, 'ending', 'id int PRIMARY KEY, v text')
  const [, remake] = endings.at(-1) ?? []
  await changesOf({ table: 'ending' }, `INSERT INTO ending VALUES (1, 'old')`, remake ?? '')
  const { changes } = await sync(electric, { table: 'ending' })
  expect(changes.map(({ value }) => value)).toEqual([{ id: '5', v: 'new' }])
})

const silent: [string, string][] = [
  ['is dropped', 'DROP TABLE ending'],
  ['leaves the publication', 'ALTER PUBLICATION electric_publication_default DROP TABLE ending'],
  ['gets another key', 'ALTER TABLE ending DROP CONSTRAINT ending_pkey, ADD PRIMARY KEY (v)'],
]

test.each(silent)('without a write it is noticed, too, when the table %s', async (_title, statement) => {
  await database.sql.unsafe('DROP TABLE IF EXISTS ending, renamed')
  await createTable(database.sql, 'ending', 'id int PRIMARY KEY, v text')
  const watchful = await startTestElectric(database, { reconcileEveryMs: 20 })
  const params = { table: 'ending' }
  const { handle } = await sync(watchful, params)
  const kept = await sync(watchful, { table: 'other' })
  await database.sql.unsafe(statement)
  await until(async () => (await get(watchful, { ...params, handle, offset: '0_0' })).status !== 200)
  const other = await get(watchful, { table: 'other', handle: kept.handle, offset: '0_0' })
  expect(other.status).toBe(200)
  await watchful.close()
})
