import {
  type ExternalParamsRecord,
  Shape,
  ShapeStream,
  type ShapeStreamInterface,
} from '@electric-sql/client'
import fc from 'fast-check'
import { Client } from 'pg'
import type { ReservedSql, Sql } from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createTable,
  killWalSender,
  startTestDatabase,
  startTestElectric,
  type TestDatabase,
  type TestElectric,
  until,
} from './testing.ts'

/** Random transactions, and clients that come at any moment: in the end each holds what its SELECT finds. */

let database: TestDatabase
let electric: TestElectric

beforeAll(async () => {
  database = await startTestDatabase()
  await createTable(database.sql, 'notes', 'id int PRIMARY KEY, scope int, v text, w text')
  await createTable(database.sql, 'pairs', 'a text, b int, scope uuid, v text, PRIMARY KEY (b, a)')
  electric = await startTestElectric(database, { chunkBytesThreshold: 500 })
  await electric.ready
})

afterAll(async () => {
  await electric?.close()
  await database?.stop()
})

/** Whatever takes longer never ends. */
const HANGS_AFTER_MS = 30_000
const SCOPES = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b']

interface Subject {
  readonly params: ExternalParamsRecord & { table: string }
  readonly sql: string
}

const SUBJECTS: readonly Subject[] = [
  { params: { table: 'notes' }, sql: 'SELECT * FROM notes' },
  {
    params: { table: 'notes', where: 'scope = $1', params: ['1'], columns: ['id', 'v'] },
    sql: 'SELECT id, v FROM notes WHERE scope = 1',
  },
  {
    params: { table: 'notes', where: 'scope = $1', params: ['2'], replica: 'full' },
    sql: 'SELECT * FROM notes WHERE scope = 2',
  },
  {
    params: { table: 'pairs', where: 'scope = $1', params: [SCOPES[0] ?? ''] },
    sql: `SELECT * FROM pairs WHERE scope = '${SCOPES[0]}'`,
  },
  { params: { table: 'pairs', where: 'v = $1', params: ['x'] }, sql: `SELECT * FROM pairs WHERE v = 'x'` },
]

const id = fc.integer({ min: 1, max: 12 })
const scope = fc.constantFrom('1', '2', 'NULL')
const pairScope = fc.constantFrom(...SCOPES.map((each) => `'${each}'`), 'NULL')
const text = fc.constantFrom('x', 'y', 'a/b', 'long'.repeat(1_000)).map((each) => `'${each}'`)

const statement = fc.oneof(
  fc
    .tuple(id, scope, text)
    .map(([i, s, t]) => `INSERT INTO notes VALUES (${i}, ${s}, ${t}) ON CONFLICT DO NOTHING`),
  fc.tuple(id, text).map(([i, t]) => `UPDATE notes SET v = ${t} WHERE id >= ${i}`),
  fc.tuple(id, text).map(([i, t]) => `UPDATE notes SET w = ${t} WHERE id = ${i}`),
  fc.tuple(id, scope).map(([i, s]) => `UPDATE notes SET scope = ${s} WHERE id = ${i}`),
  fc
    .tuple(id, id)
    .map(
      ([from, to]) =>
        `UPDATE notes SET id = ${to}, scope = coalesce(scope, 1) WHERE id = ${from} AND NOT EXISTS (SELECT FROM notes WHERE id = ${to})`,
    ),
  id.map((i) => `DELETE FROM notes WHERE id = ${i}`),
  fc
    .tuple(text, id, pairScope, text)
    .map(
      ([a, b, s, v]) =>
        `INSERT INTO pairs VALUES (left(${a}, 9), ${b}, ${s}, ${v}) ON CONFLICT (b, a) DO UPDATE SET scope = ${s}`,
    ),
  fc.tuple(id, text).map(([b, v]) => `UPDATE pairs SET v = ${v} WHERE b = ${b}`),
  fc.tuple(id, id).map(([from, to]) => `UPDATE pairs SET b = ${to} WHERE b = ${from} AND a = 'x'`),
  id.map((b) => `DELETE FROM pairs WHERE b < ${b} - 6`),
)
const statements = fc.array(statement, { minLength: 1, maxLength: 4 }).map((each) => each.join('; '))
const ending = fc.constantFrom('COMMIT', 'COMMIT', 'ROLLBACK')

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('run' as const), sql: statements, ending }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('open' as const), sql: statements }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('close' as const), ending }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('join' as const), subject: fc.nat(SUBJECTS.length - 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

function follow(subject: Subject) {
  const controller = new AbortController()
  const stream = new ShapeStream({
    url: `${electric.url}/v1/shape`,
    params: subject.params,
    signal: controller.signal,
  })
  // The package's types do not agree with each other under exactOptionalPropertyTypes.
  const shape = new Shape(stream as ShapeStreamInterface)
  return { subject, shape, stop: () => controller.abort() }
}

/** Statements that meet a lock or a duplicate key are undone; what Postgres holds decides. */
async function attempt(sql: Sql | ReservedSql, text: string): Promise<void> {
  await sql.unsafe(text).catch(() => sql.unsafe('ROLLBACK'))
}

async function play(steps: readonly Step[]): Promise<void> {
  const { sql } = database
  const writer = await sql.reserve()
  const straddler = await sql.reserve()
  const clients = [follow(SUBJECTS[0] as Subject)] // there is a first
  let isOpen = false
  try {
    for (const each of steps) {
      if (each.kind === 'run')
        await attempt(writer, `BEGIN; SET LOCAL lock_timeout = 20; ${each.sql}; ${each.ending}`)
      if (each.kind === 'truncate')
        await attempt(writer, 'BEGIN; SET LOCAL lock_timeout = 20; TRUNCATE pairs; COMMIT')
      if (each.kind === 'kill') await killWalSender(database)
      if (each.kind === 'join') clients.push(follow(SUBJECTS[each.subject] as Subject)) // within bounds
      if (each.kind === 'open') {
        await attempt(straddler, `${isOpen ? '' : 'BEGIN; '}SET LOCAL lock_timeout = 20; ${each.sql}`)
        isOpen = true
      }
      if (each.kind === 'close') {
        await straddler.unsafe(each.ending)
        isOpen = false
      }
    }
    await straddler.unsafe('COMMIT')
    for (const client of clients) await converged(client)
  } finally {
    await straddler.unsafe('ROLLBACK')
    for (const { stop } of clients) stop()
    writer.release()
    straddler.release()
  }
}

async function converged({ subject, shape }: ReturnType<typeof follow>): Promise<void> {
  const expected = canonical(await database.sql.unsafe(subject.sql))
  const actual = () => canonical(shape.currentRows)
  const deadline = performance.now() + HANGS_AFTER_MS
  await until(() => (shape.isUpToDate && actual() === expected) || performance.now() > deadline)
  expect(actual(), subject.sql).toBe(expected)
  expect(shape.isUpToDate, `${subject.sql}: up to date`).toBe(true)
}

function canonical(rows: readonly Record<string, unknown>[]): string {
  return rows
    .map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))))
    .sort()
    .join('\n')
}

test('every client ends with what Postgres holds', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), play), {
    numRuns: 20,
    endOnFailure: true,
  })
})

test('and so after a crash of Postgres while transactions are under way', async () => {
  const clients = SUBJECTS.map(follow)
  const [writer, idler] = [await connectWriter(), await connectWriter()]
  try {
    await within('first rows at every client', Promise.all(clients.map(({ shape }) => shape.rows)))
    await idler.query(`BEGIN; INSERT INTO notes VALUES (999, 1, 'never committed')`)
    await writer.query(`INSERT INTO notes VALUES (1000, 1, 'before')`)
    const writing = insertUntilLost(writer)
    await within('Postgres back after the crash', database.crash())
    await within('the end of the connection that wrote', writing)
    await database.sql`INSERT INTO pairs VALUES ('after', 1, ${SCOPES[0] ?? ''}, 'x')`
    for (const client of clients) await converged(client)
  } finally {
    for (const { stop } of clients) stop()
    await Promise.allSettled([writer.end(), idler.end()])
  }
})

// Of `pg`: with postgres.js a query that meets the end of its connection may wait for half a minute.
async function connectWriter(): Promise<Client> {
  const client = new Client({ connectionString: database.url })
  client.on('error', () => {}) // its queries fail too
  await client.connect()
  return client
}

async function insertUntilLost(writer: Client): Promise<void> {
  for (let id = 1001; ; id++) {
    const text = `INSERT INTO notes VALUES (${id}, ${1 + (id % 2)}, 'crash')`
    const isLost = await writer.query(text).then(
      () => false,
      () => true,
    )
    if (isLost) return
  }
}

/** Fails by the name of what does not happen, long before the test's own limit would without one. */
async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`It did not come: ${what}.`)), HANGS_AFTER_MS)
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}
