import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '#db/embedded.ts'
import {
  createTable,
  get,
  killWalSender,
  startTestDatabase,
  startTestElectric,
  sync,
  type TestDatabase,
  until,
} from '../testing.ts'

let database: TestDatabase
let storageDir: string

beforeAll(async () => {
  database = await startTestDatabase()
  storageDir = await mkdtemp(join(tmpdir(), 'electric-storage-'))
})
afterAll(async () => {
  await database?.stop()
  await rm(storageDir, { recursive: true, force: true })
})

const IS_READY_FOR_QUERY = Buffer.from('5a0000000549', 'hex')

/** A way to Postgres on which the first connection's word that it is ready arrives together with what comes next. */
async function layHeldLine(): Promise<{ url: string; heldCount: () => number; close: () => Promise<void> }> {
  const { port } = new URL(database.electricUrl)
  let held = 0
  const server = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1')
    let kept: Buffer | null = null
    const isHeld = () => kept !== null
    far.on('data', (bytes: Buffer) => {
      if (held === 0 && bytes.includes(IS_READY_FOR_QUERY)) {
        held++
        kept = bytes
      } else if (isHeld()) {
        near.end(Buffer.concat([kept ?? Buffer.alloc(0), bytes]))
        kept = null
      } else near.write(bytes)
    })
    near.pipe(far)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => {}).on('close', () => other.end())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(database.electricUrl)
  url.port = String((server.address() as AddressInfo).port) // of a TCP server
  const close = async () => {
    server.close()
    await once(server, 'close')
  }
  return { url: url.href, heldCount: () => held, close }
}

test('a connection that ends in the moment in which it is up does not end the process', async () => {
  const line = await layHeldLine()
  let child: ChildProcess | undefined
  try {
    let output = ''
    child = fork(join(import.meta.dirname, '..', 'main.ts'), {
      env: {
        PATH: process.env.PATH ?? '',
        DATABASE_URL: line.url,
        ELECTRIC_PORT: String(await freePort()),
        ELECTRIC_INSECURE: 'true',
        ELECTRIC_STORAGE_DIR: storageDir,
      },
      silent: true,
      execArgv: [],
    })
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text))
    await until(() => line.heldCount() > 0 || child?.exitCode !== null)
    await until(async () => {
      const ended = await database.sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'walsender'`
      return ended.length > 0
    })
    await until(() => output.includes('ready on') || child?.exitCode !== null)
    expect(output).toContain('Replication is interrupted')
    expect(child.exitCode).toBe(null)
  } finally {
    child?.kill('SIGTERM')
    if (child && child.exitCode === null) await once(child, 'exit')
    await line.close()
  }
})

test('what a new connection streams again of a table ends no shape of the one in its place', async () => {
  const { sql } = database
  const columns = 'id int PRIMARY KEY, v text'
  await createTable(sql, 'items', columns)
  const electric = await startTestElectric(database, { storageDir })
  try {
    await electric.ready
    await sql`INSERT INTO items VALUES (1, 'old')`
    await sql`DROP TABLE items`
    await createTable(sql, 'items', columns)
    await sql`INSERT INTO items VALUES (2, 'new')`
    const params = { table: 'items' }
    let before = await sync(electric, params)
    // Once more where it was asked of the old table.
    await until(async () => {
      before = await sync(electric, params)
      return before.changes.some(({ value }) => value.v === 'new')
    })
    await killWalSender(database)
    await sql`INSERT INTO items VALUES (3, 'newer')`
    const live = { ...params, handle: before.handle, offset: before.last.offset, live: 'true' }
    const answer = await get(electric, live)
    expect([answer.status, answer.handle]).toEqual([200, before.handle])
    expect(answer.changes.map(({ value }) => value.v)).toEqual(['newer'])
  } finally {
    await electric.close()
  }
})
