import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '#db/embedded.ts'
import {
  createTable,
  get,
  killWalSender,
  resume,
  startTestDatabase,
  startTestElectric,
  sync,
  type TestDatabase,
  type TestElectric,
  until,
} from '../testing.ts'

/** Shapes keep their handles and logs over a restart; who was away continues and gets what it missed. */

let database: TestDatabase
let storageDir: string
let electric: TestElectric | null = null

beforeAll(async () => {
  database = await startTestDatabase()
  await createTable(database.sql, 'items', 'id int PRIMARY KEY, v text')
  await createTable(database.sql, 'others', 'id int PRIMARY KEY, v text')
})
afterAll(() => database?.stop())

beforeEach(async () => {
  storageDir = await mkdtemp(join(tmpdir(), 'electric-storage-'))
  await database.sql`TRUNCATE items, others`
  await database.sql`INSERT INTO items SELECT i, 'row ' || i FROM generate_series(1, 50) i`
})
afterEach(async () => {
  await electric?.close()
  electric = null
  // The connection of a process that was killed takes a moment to end.
  await until(async () => (await database.sql`SELECT FROM pg_replication_slots WHERE active`).length === 0)
  await database.sql`SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots`
  await rm(storageDir, { recursive: true, force: true })
})

const ITEMS = { table: 'items' }
const SCOPED = { table: 'items', where: 'id = $1', 'params[1]': '7' }

async function start(options = {}): Promise<TestElectric> {
  electric = await startTestElectric(database, { storageDir, chunkBytesThreshold: 1_000, ...options })
  await electric.ready
  return electric
}

/** Everything that was committed before is stored, and Postgres was told so. */
async function acknowledged(): Promise<void> {
  const [now] = await database.sql<{ lsn: string }[]>`SELECT pg_current_wal_lsn()::text AS lsn`
  await until(async () => {
    const [slot] = await database.sql<{ done: boolean }[]>`
      SELECT confirmed_flush_lsn >= ${now?.lsn ?? ''}::pg_lsn AS done FROM pg_replication_slots`
    return slot?.done === true
  })
}

async function stop(): Promise<void> {
  await electric?.close()
  electric = null
}

test('after a clean restart handles and logs are the same, and what was missed arrives once', async () => {
  const first = await start()
  const whole = await sync(first, ITEMS)
  const scoped = await sync(first, SCOPED)
  await database.sql`UPDATE items SET v = 'before' WHERE id IN (7, 8)`
  const before = await resume(first, ITEMS, whole)
  expect(before.changes.map(({ value }) => value.v)).toEqual(['before', 'before'])
  await stop()
  await database.sql`UPDATE items SET v = 'while away' WHERE id = 7`
  const second = await start()
  const after = await resume(second, ITEMS, before)
  expect(after.handle).toBe(whole.handle)
  expect(after.changes.map(({ value }) => value)).toEqual([{ id: '7', v: 'while away' }])
  const all = await resume(second, SCOPED, scoped)
  expect(all.changes.map(({ value }) => value.v)).toEqual(['before', 'while away'])
})

test('the snapshot is the same bytes, chunk by chunk', async () => {
  const chunks = async () => {
    const running = electric as TestElectric // started below
    const { handle } = await sync(running, ITEMS)
    const first = await get(running, { ...ITEMS, offset: '-1' })
    const second = await get(running, { ...ITEMS, handle, offset: '0_0' })
    return [handle, first.body, second.body, second.offset]
  }
  await start()
  const before = await chunks()
  await stop()
  await start()
  expect(await chunks()).toEqual(before)
})

test('a truncate, a dropped table and a new column while it was away end the shapes that they concern', async () => {
  const first = await start()
  const items = await sync(first, ITEMS)
  const others = await sync(first, { table: 'others' })
  const columns = await sync(first, { table: 'others', columns: 'id' })
  await stop()
  await database.sql`TRUNCATE items`
  await database.sql`ALTER TABLE others ADD COLUMN w text`
  try {
    const again = await start()
    await until(
      async () => (await get(again, { ...ITEMS, handle: items.handle, offset: '0_inf' })).status === 409,
    )
    const shape = { table: 'others' }
    expect((await get(again, { ...shape, handle: others.handle, offset: '0_inf' })).status).toBe(409)
    const kept = await get(again, { ...shape, columns: 'id', handle: columns.handle, offset: '0_inf' })
    expect(kept.status).toBe(200)
  } finally {
    await database.sql`ALTER TABLE others DROP COLUMN w`
  }
})

test('a slot that was dropped meanwhile means new handles for all', async () => {
  const first = await start()
  const before = await sync(first, ITEMS)
  await stop()
  await database.sql`SELECT pg_drop_replication_slot('electric_slot_default')`
  await database.sql`DELETE FROM items WHERE id = 1`
  const again = await start()
  expect((await get(again, { ...ITEMS, handle: before.handle, offset: '0_inf' })).status).toBe(409)
  expect((await sync(again, ITEMS)).changes).toHaveLength(49)
})

test('a folder that was away while another one was in use is not gone on with', async () => {
  const own = storageDir
  const first = await start()
  const before = await sync(first, ITEMS)
  await stop()
  const other = await mkdtemp(join(tmpdir(), 'electric-storage-'))
  try {
    const second = await start({ storageDir: other })
    await database.sql`DELETE FROM items WHERE id = 2`
    const seen = await sync(second, ITEMS)
    expect(seen.changes).toHaveLength(49)
    await acknowledged()
    await stop()
    const again = await start({ storageDir: own })
    expect((await get(again, { ...ITEMS, handle: before.handle, offset: '0_inf' })).status).toBe(409)
  } finally {
    await stop()
    await rm(other, { recursive: true, force: true })
  }
})

/** A Postgres of its own with a setting that the others do not have, and an Electric that was stopped cleanly. */
async function onAnother(
  settings: Record<string, string | number>,
  work: (other: TestDatabase, boot: () => Promise<TestElectric>) => Promise<void>,
): Promise<void> {
  const other = await startTestDatabase({ settings })
  let running: TestElectric | null = null
  try {
    await createTable(other.sql, 'items', 'id int PRIMARY KEY, v text')
    await work(other, async () => {
      await running?.close()
      running = await startTestElectric(other, { storageDir })
      await running.ready
      return running
    })
  } finally {
    await (running as TestElectric | null)?.close()
    await other.stop()
  }
}

test('a Postgres that would keep its log for the slot without a bound is named', () =>
  onAnother({ max_slot_wal_keep_size: -1 }, async (_other, boot) => {
    const { lines } = await boot()
    expect(lines).toEqual([expect.stringMatching(/^warn: .*electric_slot_default.*max_slot_wal_keep_size/)])
  }))

test('another cluster in the place of the first means new handles for all', async () => {
  const first = await start()
  const before = await sync(first, ITEMS)
  await acknowledged()
  await stop()
  await onAnother({}, async (_other, boot) => {
    const moved = await boot()
    expect((await get(moved, { ...ITEMS, handle: before.handle, offset: '0_inf' })).status).toBe(409)
    expect((await sync(moved, ITEMS)).changes).toEqual([])
  })
})

test('a slot whose log Postgres did not keep means new handles for all', () =>
  onAnother({ max_slot_wal_keep_size: '1MB' }, async (other, boot) => {
    const running = await boot()
    const before = await sync(running, ITEMS)
    await running.close()
    await until(async () => {
      await other.sql`INSERT INTO items SELECT coalesce(max(id), 0) + 1, 'while away' FROM items`
      await other.sql`SELECT pg_switch_wal()`
      await other.sql`CHECKPOINT`
      const [slot] = await other.sql<{ wal_status: string }[]>`SELECT wal_status FROM pg_replication_slots`
      return slot?.wal_status === 'lost'
    })
    const again = await boot()
    expect((await get(again, { ...ITEMS, handle: before.handle, offset: '0_inf' })).status).toBe(409)
    const [count] = await other.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM items`
    expect((await sync(again, ITEMS)).changes).toHaveLength(count?.n ?? 0)
  }))

test('beyond the limit of the folder the shapes read longest ago go, and their files with them', async () => {
  await database.sql`UPDATE items SET v = repeat('x', 5000)`
  const running = await start({ chunkBytesThreshold: 50_000, maxTotalBytes: 300_000, trimEveryMs: 10 })
  const old = await sync(running, ITEMS)
  await sync(running, { ...ITEMS, replica: 'full' })
  await until(
    async () => (await get(running, { ...ITEMS, handle: old.handle, offset: '0_inf' })).status === 409,
  )
  await until(async () => (await readdir(join(storageDir, 'snapshots'))).length === 1)
})

test('a broken folder is an empty one', async () => {
  const first = await start()
  const before = await sync(first, ITEMS)
  await stop()
  await writeFile(join(storageDir, 'shapes.sqlite'), 'no database')
  const again = await start()
  expect(again.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1)
  expect((await get(again, { ...ITEMS, handle: before.handle, offset: '0_inf' })).status).toBe(409)
})

test('a snapshot file that was cut short is not served', async () => {
  await database.sql`UPDATE items SET v = repeat('x', 5000)`
  const first = await start({ chunkBytesThreshold: 50_000 })
  const before = await sync(first, ITEMS)
  await stop()
  const [file] = await readdir(join(storageDir, 'snapshots'))
  await truncate(join(storageDir, 'snapshots', file ?? ''), 10)
  const again = await start()
  expect((await get(again, { ...ITEMS, handle: before.handle, offset: '0_0' })).status).toBe(409)
  expect((await sync(again, ITEMS)).changes).toHaveLength(50)
})

test('over a lost connection shapes stay, and those who wait get what was missed', async () => {
  const running = await start()
  const before = await sync(running, ITEMS)
  const waiting = get(running, { ...ITEMS, handle: before.handle, offset: before.last.offset, live: 'true' })
  await killWalSender(database)
  await database.sql`UPDATE items SET v = 'meanwhile' WHERE id = 3`
  const answer = await waiting
  expect([answer.status, answer.handle]).toEqual([200, before.handle])
  expect(answer.changes.map(({ value }) => value.v)).toEqual(['meanwhile'])
})

test('a second process on the same slot waits, and takes over where the first one ends', async () => {
  const first = await start()
  await sync(first, ITEMS)
  const second = await startTestElectric(database, { storageDir: `${storageDir}-second` })
  try {
    await until(async () => {
      const health = await fetch(`${second.url}/v1/health`)
      return health.status === 202 && (await health.text()).includes('waiting')
    })
    await stop()
    await second.ready
    expect((await sync(second, ITEMS)).changes).toHaveLength(50)
  } finally {
    await second.close()
    await rm(`${storageDir}-second`, { recursive: true, force: true })
  }
})

test('a second process on the same folder is refused', async () => {
  await start()
  await expect(startTestElectric(database, { storageDir })).rejects.toThrow('is in use by another process')
})

test('the slot holds no more of the log back than was not stored yet', async () => {
  const running = await start()
  await sync(running, ITEMS)
  await database.sql`INSERT INTO others SELECT i, repeat('x', 1000) FROM generate_series(1, 2000) i`
  await acknowledged()
})

test('long logs are read from disk, from any offset', async () => {
  const running = await start({ chunkBytesThreshold: 20_000 })
  const before = await sync(running, ITEMS)
  for (let round = 0; round < 5; round++) {
    await database.sql`UPDATE items SET v = ${`${round} ${'x'.repeat(1_000)}`}`
  }
  const reread = () => resume(running, ITEMS, before)
  await until(async () => (await reread()).changes.length === 250)
  const all = await reread()
  // Stored, and all but its end dropped from memory, once the position is acknowledged.
  await until(() => isOnDisk(running))
  expect((await reread()).changes).toEqual(all.changes)
})

/** Whether the first part of the log is streamed from disk: such an answer has no length. */
async function isOnDisk(running: TestElectric): Promise<boolean> {
  const { handle } = await sync(running, ITEMS)
  const response = await fetch(`${running.url}/v1/shape?table=items&offset=0_inf&handle=${handle}`)
  await response.text()
  return response.headers.get('content-length') === null
}

test('killed at any moment, it goes on without losing or repeating a change', async () => {
  const main = join(import.meta.dirname, '..', 'main.ts')
  let child: ChildProcess | null = null
  const boot = async () => {
    child = fork(main, {
      env: {
        ...process.env,
        DATABASE_URL: database.electricUrl,
        ELECTRIC_PORT: String(port),
        ELECTRIC_INSECURE: 'true',
        ELECTRIC_STORAGE_DIR: storageDir,
        ELECTRIC_MANUAL_TABLE_PUBLISHING: 'true',
      },
      stdio: 'pipe',
    })
    await until(
      async () => (await fetch(`http://127.0.0.1:${port}/v1/health`).catch(() => null))?.status === 200,
    )
    return { url: `http://127.0.0.1:${port}` } as TestElectric // all that `sync` reads
  }
  const kill = async () => {
    child?.kill('SIGKILL')
    if (child) await once(child, 'exit')
  }
  const port = await freePort()
  let isWriting = true
  const writing = (async () => {
    for (let i = 0; isWriting; i++) {
      await database.sql`UPDATE items SET v = ${`write ${i}`} WHERE id = ${1 + (i % 50)}`
    }
  })()
  try {
    let running = await boot()
    let at = await sync(running, ITEMS)
    const { handle } = at
    await acknowledged()
    const rows = new Map(at.changes.map(({ key, value }) => [key, value]))
    for (let round = 0; round < 3; round++) {
      await kill()
      running = await boot()
      if (round === 2) {
        isWriting = false
        await writing
        await database.sql`INSERT INTO items VALUES (1000, 'last')`
      }
      await until(async () => {
        at = await resume(running, ITEMS, at)
        for (const { key, value } of at.changes) rows.set(key, { ...rows.get(key), ...value })
        return round < 2 || rows.has('"public"."items"/"1000"')
      })
      expect(at.handle).toBe(handle)
    }
    const expected = await database.sql`SELECT id::text, v FROM items ORDER BY items.id`
    const sorted = [...rows.values()].sort((a, b) => Number(a.id) - Number(b.id))
    expect(sorted).toEqual([...expected])
  } finally {
    isWriting = false
    await writing
    await kill()
  }
})
