import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createTable,
  get,
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
  electric = await startTestElectric(database, { longPollTimeoutMs: 2_000 })
  await createTable(database.sql, 'notes', 'id int PRIMARY KEY, board int, v text')
  await electric.ready
})

afterAll(async () => {
  await electric?.close()
  await database?.stop()
})

const board = (id: number) => ({ table: 'notes', where: 'board = $1', 'params[1]': String(id) })

/** Holds a transaction open on a connection of its own. */
async function openTransaction(statements: string) {
  const connection = await database.sql.reserve()
  await connection.unsafe(`BEGIN; ${statements}`)
  return {
    end: async (how: 'COMMIT' | 'ROLLBACK') => {
      await connection.unsafe(how)
      connection.release()
    },
  }
}

test('a transaction open across the snapshot comes once, by the stream', async () => {
  const { sql } = database
  await sql`INSERT INTO notes VALUES (1, 1, 'before'), (2, 1, 'before')`
  const open = await openTransaction(
    `INSERT INTO notes VALUES (3, 1, 'open'); UPDATE notes SET v = 'open' WHERE id = 1`,
  )
  await sql`INSERT INTO notes VALUES (4, 4, 'younger than the open one')`
  const { last, changes, responses } = await sync(electric, board(1))
  expect(changes.map(({ value }) => value)).toEqual([
    { id: '1', board: '1', v: 'before' },
    { id: '2', board: '1', v: 'before' },
  ])
  const end = responses[0]?.body.at(-1).headers
  expect(end.xip_list).toHaveLength(1)
  const next = get(electric, { ...board(1), handle: last.handle, offset: last.offset, live: 'true' })
  await open.end('COMMIT')
  expect((await next).changes.map(({ value, headers }) => [headers.operation, value.id])).toEqual([
    ['insert', '3'],
    ['update', '1'],
  ])
})

test('one that rolls back leaves no trace', async () => {
  const open = await openTransaction(`INSERT INTO notes VALUES (10, 2, 'open')`)
  const { last } = await sync(electric, board(2))
  await open.end('ROLLBACK')
  const next = get(electric, { ...board(2), handle: last.handle, offset: last.offset, live: 'true' })
  await database.sql`INSERT INTO notes VALUES (11, 2, 'after')`
  expect((await next).changes.map(({ value }) => value.id)).toEqual(['11'])
})

test('a shape made while another transaction of many rows streams is whole', async () => {
  const { sql } = database
  const watcher = await sync(electric, board(3))
  await sql`INSERT INTO notes SELECT 1000 + g, 30 + g % 40, 'bulk' FROM generate_series(1, 20000) g`
  // Registered at different moments of that stream.
  const shapes = await Promise.all(
    Array.from({ length: 40 }, (_, index) => sync(electric, board(30 + index))),
  )
  for (const { changes } of shapes) {
    expect(new Set(changes.map(({ key }) => key)).size).toBe(500)
    expect(changes).toHaveLength(500)
  }
  expect(watcher.changes).toEqual([])
})

test('shapes made under fire hold what the table holds, each change once', async () => {
  const { sql } = database
  let isWriting = true
  const write = async (from: number) => {
    for (let id = from; isWriting; id += 4) {
      await sql`INSERT INTO notes VALUES (${id}, ${200 + (id % 20)}, 'a')`
      if (id % 3 === 0) await sql`DELETE FROM notes WHERE id = ${id}`
    }
  }
  const writers = [0, 1, 2, 3].map((offset) => write(100_000 + offset))
  const handles = new Map<number, Awaited<ReturnType<typeof sync>>>()
  for (let id = 200; id < 220; id++) handles.set(id, await sync(electric, board(id)))
  isWriting = false
  await Promise.all(writers)
  await drained()
  for (const [id, { handle, changes, last }] of handles) {
    const later = await readOn(board(id), handle, last.offset)
    const keys = new Set<string>()
    for (const { key, headers } of [...changes, ...later]) {
      // Inserted twice, or deleted without being there, is a change that came twice or not at all.
      if (headers.operation === 'insert') expect(keys.has(key)).toBe(false)
      if (headers.operation === 'delete') expect(keys.delete(key)).toBe(true)
      else keys.add(key)
    }
    const rows = await sql<{ id: number }[]>`SELECT id FROM notes WHERE board = ${id}`
    expect([...keys].sort()).toEqual(rows.map((row) => `"public"."notes"/"${row.id}"`).sort())
  }
})

/** Waits until everything committed so far went through the stream. */
async function drained(): Promise<void> {
  const marker = await sync(electric, board(999))
  const next = get(electric, {
    ...board(999),
    handle: marker.handle,
    offset: marker.last.offset,
    live: 'true',
  })
  await database.sql`INSERT INTO notes VALUES (${-Math.floor(performance.now() * 1000)}, 999, 'marker')`
  expect((await next).changes).toHaveLength(1)
}

async function readOn(params: Record<string, string>, handle: string, offset: string) {
  const changes = []
  for (let at = offset; ; ) {
    const answer = await get(electric, { ...params, handle, offset: at })
    changes.push(...answer.changes)
    if (answer.headers.has('electric-up-to-date')) return changes
    at = answer.offset
  }
}

test('a table that is locked for long is an answer, and keeps nobody else waiting', async () => {
  await createTable(database.sql, 'locked', 'id int PRIMARY KEY')
  const impatient = await startTestElectric(database, { lockTimeoutMs: 100 })
  await impatient.ready // before the lock: a slot waits for the transactions that are open when it is made
  const open = await openTransaction('LOCK TABLE locked')
  const answer = await get(impatient, { table: 'locked', offset: '-1' })
  expect((await get(impatient, { ...board(50), offset: '-1' })).status).toBe(200)
  await open.end('COMMIT')
  expect(answer.status).toBe(503)
  expect(answer.body).toEqual({ message: 'Snapshot timed out while waiting for a table lock' })
  expect((await get(impatient, { table: 'locked', offset: '-1' })).status).toBe(200)
  await impatient.close()
})

test('a commit that streams before it is visible is in the snapshot of a shape made in between', async () => {
  const { sql } = database
  const watcher = await sync(electric, board(900))
  const streamed = get(electric, {
    ...board(900),
    handle: watcher.handle,
    offset: watcher.last.offset,
    live: 'true',
  })
  await sql`CREATE TABLE probes (id int)`
  // A commit that waits for a standby is in the log, and for everybody else still in progress.
  await waitForStandby('nobody')
  const probes = await commitsWait()
  const commit = sql`INSERT INTO notes VALUES (900060, 900, 'a'), (900061, 901, 'b')`.execute()
  try {
    expect((await streamed).changes).toHaveLength(1)
    expect(await sql`SELECT FROM notes WHERE board = 901`).toHaveLength(0)
    const shape = sync(electric, board(901))
    expect(await Promise.race([shape.then(() => 'answered'), retried().then(() => 'retried')])).toBe(
      'retried',
    )
    await waitForStandby('')
    expect((await shape).changes.map(({ value }) => value.id)).toEqual(['900061'])
  } finally {
    await waitForStandby('')
    await Promise.all([commit, ...probes])
  }
})

/** The setting counts once the checkpointer has read it, which nothing shows but a commit that does wait. */
async function commitsWait(): Promise<Promise<unknown>[]> {
  const { sql } = database
  const probes: Promise<unknown>[] = []
  await until(async () => {
    probes.push(sql`INSERT INTO probes VALUES (1)`.execute())
    const waiting = await sql`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`
    return waiting.length > 0
  })
  return probes
}

async function waitForStandby(name: string): Promise<void> {
  const { sql } = database
  await sql.unsafe(`ALTER SYSTEM SET synchronous_standby_names = '${name}'`)
  await sql`SELECT pg_reload_conf()`
  await until(async () => {
    const [row] = await sql<{ now: string }[]>`SELECT current_setting('synchronous_standby_names') AS now`
    return row?.now === name
  })
}

/** Waits until Electric has begun a third transaction. */
async function retried(): Promise<void> {
  const seen = new Set<string>()
  await until(async () => {
    const rows = await database.sql<{ xact_start: string }[]>`
      SELECT xact_start::text FROM pg_stat_activity
      WHERE application_name = 'electric' AND backend_type = 'client backend' AND xact_start IS NOT NULL`
    for (const row of rows) seen.add(row.xact_start)
    return seen.size > 2
  })
}

test('a snapshot of many rows holds each of them as it is', async () => {
  await createTable(database.sql, 'many', 'id int PRIMARY KEY, v text')
  await database.sql`
    INSERT INTO many SELECT i, repeat(md5(i::text) || E'\\ "quoted"\n', i % 40) FROM generate_series(1, 20000) i`
  const { changes } = await sync(electric, { table: 'many' })
  const read = changes.map(({ value }) => value).sort((a, b) => Number(a.id) - Number(b.id))
  expect(read).toEqual([...(await database.sql`SELECT id::text, v FROM many ORDER BY many.id`)])
})
