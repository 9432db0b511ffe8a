import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createTable,
  get,
  startTestDatabase,
  startTestElectric,
  sync,
  type TestDatabase,
  type TestElectric,
} from '../testing.ts'

/** Clauses in whole shapes: what they are filtered by is what the clients have. */

let database: TestDatabase
let electric: TestElectric

beforeAll(async () => {
  database = await startTestDatabase()
  await createTable(database.sql, 'tasks', 'id int PRIMARY KEY, team int, title text, rank numeric, due date')
  await createTable(database.sql, 'teams', 'id int PRIMARY KEY, is_active bool, name text')
  electric = await startTestElectric(database)
  await electric.ready
})

afterAll(async () => {
  await electric?.close()
  await database?.stop()
})

const ACTIVE = { table: 'tasks', where: 'team IN (SELECT id FROM teams WHERE is_active = true)' }

/** What arrives after the shape's end as it was read. */
async function follow(params: Record<string, string>, { handle, last }: Awaited<ReturnType<typeof sync>>) {
  return get(electric, { ...params, handle, offset: last.offset, live: 'true' })
}

test('rows move into a shape and out of it as the clause says', async () => {
  const { sql } = database
  const where = "rank > $1 AND (title ILIKE 'ü%' OR due BETWEEN $2 AND '2024-12-31')"
  const params = { table: 'tasks', where, 'params[1]': '1.50', 'params[2]': '2024-01-01', replica: 'full' }
  await sql`INSERT INTO tasks VALUES (1, 1, 'Über', 1.5, null), (2, 1, 'ÜBER', 1.51, null), (3, 1, 'x', 9, '2024-02-29')`
  const read = await sync(electric, params)
  expect(read.changes.map(({ value }) => value.id).sort()).toEqual(['2', '3'])
  await sql.begin(async (transaction) => {
    await transaction`UPDATE tasks SET rank = 1.500001 WHERE id = 1`
    await transaction`UPDATE tasks SET rank = 'NaN' WHERE id = 2`
    await transaction`UPDATE tasks SET due = '2025-01-01' WHERE id = 3`
  })
  const { changes } = await follow(params, read)
  expect(changes.map(({ headers, value }) => [headers.operation, value.id])).toEqual([
    ['insert', '1'],
    ['update', '2'],
    ['delete', '3'],
  ])
})

test('one predicate in other words has one handle, with other parameters another', async () => {
  const handleOf = async (where: string, ...values: string[]) => {
    const params = values.map((value, index) => [`params[${index + 1}]`, value])
    const answer = await get(electric, { table: 'tasks', where, ...Object.fromEntries(params), offset: '-1' })
    expect(answer.body, where).not.toHaveProperty('errors')
    return answer.handle
  }
  const same = ['team = 7', '(team)=7', 'TEAM  =  7 -- here', 'team = $1']
  const handles = await Promise.all(
    same.map((where) => handleOf(where, ...(where.includes('$') ? ['7'] : []))),
  )
  expect(new Set(handles).size).toBe(1)
  const others = [
    await handleOf('team = $1', '8'),
    await handleOf('team > 7'),
    await handleOf('team = 7 AND true'),
  ]
  expect(new Set([...handles, ...others]).size).toBe(4)
})

test('a shape ends when what its subquery selects may have changed, and only then', async () => {
  const { sql } = database
  await sql`INSERT INTO teams VALUES (10, true, 'a'), (11, false, 'b')`
  await sql`INSERT INTO tasks VALUES (20, 10, 'in', 1, null), (21, 11, 'out', 1, null), (22, null, 'none', 1, null)`
  const read = await sync(electric, ACTIVE)
  expect(read.changes.map(({ value }) => value.title)).toEqual(['in'])
  await sql`UPDATE teams SET name = 'renamed'`
  await sql`UPDATE tasks SET title = 'still in' WHERE team = 10`
  await sql`INSERT INTO teams VALUES (12, NULL, 'c')`
  const next = await follow(ACTIVE, read)
  expect(next.changes.map(({ value }) => value.title)).toEqual(['still in'])
  await sql`UPDATE teams SET is_active = true WHERE id = 11`
  const ended = await get(electric, { ...ACTIVE, handle: read.handle, offset: next.offset, live: 'true' })
  expect(ended.status).toBe(409)
  const again = await sync(electric, ACTIVE)
  expect(again.handle).not.toBe(read.handle)
  expect(again.changes.map(({ value }) => value.title).sort()).toEqual(['out', 'still in'])
})

test('and when the table of its subquery is emptied, replaced or loses the column', async () => {
  const { sql } = database
  const replace = `DROP TABLE teams; CREATE TABLE teams (id int PRIMARY KEY, is_active bool);
    ALTER TABLE teams REPLICA IDENTITY FULL; ALTER PUBLICATION electric_publication_default ADD TABLE teams`
  for (const change of [
    'TRUNCATE teams',
    replace,
    'ALTER TABLE teams RENAME COLUMN is_active TO was_active',
  ]) {
    const read = await sync(electric, ACTIVE)
    const waiting = follow(ACTIVE, read)
    await sql.unsafe(change)
    // What tells of a change to a table's definition is a row of it.
    await sql`INSERT INTO teams SELECT coalesce(max(id), 0) + 1 FROM teams`
    expect((await waiting).status).toBe(409)
  }
  const answer = await get(electric, { ...ACTIVE, offset: '-1' })
  expect(answer.body.errors).toEqual({ where: ['At location 36: unknown reference is_active'] })
})

test('a shape ends with the column that only its clause reads', async () => {
  const { sql } = database
  const params = { table: 'tasks', columns: 'id,title', where: "due > '2030-01-01'" }
  const read = await sync(electric, params)
  await sql`ALTER TABLE tasks ALTER COLUMN due TYPE timestamp`
  await sql`INSERT INTO tasks VALUES (30, 10, 'late', 1, '2031-01-01 10:00')`
  expect((await follow(params, read)).status).toBe(409)
  expect((await sync(electric, params)).changes.map(({ value }) => value)).toEqual([
    { id: '30', title: 'late' },
  ])
})

test('a table that a subquery reads must be published too', async () => {
  await database.sql`CREATE TABLE unpublished (id int PRIMARY KEY)`
  const where = 'id IN (SELECT id FROM unpublished)'
  const answer = await get(electric, { table: 'tasks', where, offset: '-1' })
  expect(answer.status).toBe(503)
  expect(answer.body.message).toContain('"public.unpublished" is missing from the publication')
})
