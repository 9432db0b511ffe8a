import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '#db/embedded.ts'
import { createTable, startTestDatabase, type TestDatabase, until } from '../testing.ts'

/** Whatever the size of a table, a snapshot and its readers take a few buffers of memory. */

const ROWS = 200_000
const ROW_BYTES = 1_000
const MIB = 1024 * 1024

let database: TestDatabase
let storageDir: string
let electric: ChildProcess
let url: string

beforeAll(async () => {
  database = await startTestDatabase()
  await createTable(database.sql, 'large', 'id int PRIMARY KEY, v text')
  await database.sql`INSERT INTO large SELECT i, repeat('x', ${ROW_BYTES}) FROM generate_series(1, ${ROWS}) i`
  storageDir = await mkdtemp(join(tmpdir(), 'electric-memory-'))
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  electric = fork(join(import.meta.dirname, '..', 'main.ts'), {
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
  await until(async () => (await fetch(`${url}/v1/health`).catch(() => null))?.status === 200)
})

afterAll(async () => {
  electric?.kill('SIGTERM')
  if (electric) await once(electric, 'exit')
  await database?.stop()
  await rm(storageDir, { recursive: true, force: true })
})

/** The most that the process ever had resident. */
async function peakBytes(): Promise<number> {
  const status = await readFile(`/proc/${electric.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

/** Reads a shape whole and keeps nothing of it. @returns the bytes of its bodies. */
async function drain(): Promise<number> {
  let bytes = 0
  let [handle, offset] = ['', '-1']
  for (;;) {
    const response = await fetch(`${url}/v1/shape?table=large&offset=${offset}&handle=${handle}`)
    expect(response.status).toBe(200)
    for await (const part of response.body ?? []) bytes += part.length
    handle = response.headers.get('electric-handle') ?? ''
    offset = response.headers.get('electric-offset') ?? ''
    if (response.headers.has('electric-up-to-date')) return bytes
  }
}

test('a snapshot of two hundred megabytes and four readers of it do not pass through memory', async ({
  skip,
}) => {
  skip(!existsSync('/proc/self/status'), 'a process tells its peak memory only where there is /proc')
  const before = await peakBytes()
  const read = await Promise.all([drain(), drain(), drain(), drain()])
  expect(Math.min(...read)).toBeGreaterThan(ROWS * ROW_BYTES)
  expect(new Set(read).size).toBe(1)
  expect((await peakBytes()) - before).toBeLessThan(120 * MIB)
})

test('nor does a subset as large, whether it is taken or not', async ({ skip }) => {
  skip(!existsSync('/proc/self/status'), 'a process tells its peak memory only where there is /proc')
  const before = await peakBytes()
  const subset = `${url}/v1/shape?table=large&offset=now&log=changes_only&subset__where=true`
  const left = new AbortController()
  const unread = await Promise.all([1, 2].map(() => fetch(subset, { signal: left.signal })))
  let bytes = 0
  for await (const part of (await fetch(subset)).body ?? []) bytes += part.length
  expect(unread.map(({ status }) => status)).toEqual([200, 200])
  expect(await openSubsets()).toBe(2)
  left.abort()
  await until(async () => (await openSubsets()) === 0)
  expect(bytes).toBeGreaterThan(ROWS * ROW_BYTES)
  expect((await peakBytes()) - before).toBeLessThan(120 * MIB)
})

/** Answers that stand in files without a name. */
async function openSubsets(): Promise<number> {
  const folder = `/proc/${electric.pid}/fd`
  const links = await Promise.all(
    (await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')),
  )
  return links.filter((target) => target.includes('/subset-')).length
}
