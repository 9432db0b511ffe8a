import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import postgres, { type Sql } from 'postgres'
import { type EmbeddedOptions, type EmbeddedPostgres, startEmbeddedPostgres } from '#db/embedded.ts'
import { type ElectricOptions, type RunningElectric, startElectric } from './server.ts'

/** A Postgres of its own, with an empty publication and the role that Electric runs as. */
export interface TestDatabase {
  /** Another one after a crash: postgres.js can leave a connection that was lost unable to connect again. */
  readonly sql: Sql
  /** As the owner. */
  readonly url: string
  readonly electricUrl: string
  /** Kills the server as a power cut would, and starts it again on the same port. */
  crash(): Promise<void>
  stop(): Promise<void>
}

/** @param other binaries of another PostgreSQL than npm's, settings of the server */
export async function startTestDatabase(
  other: Pick<EmbeddedOptions, 'binaries' | 'settings'> = {},
): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'electric-test-'))
  const password = randomBytes(8).toString('hex')
  const options = {
    dataDir: join(folder, 'data'),
    logFile: join(folder, 'log'),
    password,
    unsafeFast: true,
    ...other,
  }
  let server: EmbeddedPostgres = await startEmbeddedPostgres(options)
  const { port } = server
  const url = server.url('postgres')
  let sql = connect(url)
  await sql.unsafe(`
    CREATE ROLE electric LOGIN REPLICATION PASSWORD '${password}';
    GRANT pg_read_all_data TO electric;
    CREATE PUBLICATION electric_publication_default`)
  return {
    get sql() {
      return sql
    },
    url,
    electricUrl: `postgres://electric:${password}@127.0.0.1:${port}/postgres`,
    crash: async () => {
      process.kill(server.pid, 'SIGKILL')
      await sql.end({ timeout: 0 })
      server = await startEmbeddedPostgres({ ...options, port })
      sql = connect(url)
    },
    stop: async () => {
      await sql.end({ timeout: 1 })
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function connect(url: string): Sql {
  return postgres(url, {
    max: 10,
    onnotice: () => {},
    connection: { synchronous_commit: 'on' }, // an asynchronous commit streams up to 200 ms later
  })
}

/** Creates a table and publishes it as a migration does. */
export async function createTable(sql: Sql, name: string, columns: string): Promise<void> {
  await sql.unsafe(`
    CREATE TABLE ${name} (${columns});
    ALTER TABLE ${name} REPLICA IDENTITY FULL;
    ALTER PUBLICATION electric_publication_default ADD TABLE ${name}`)
}

export type TestElectric = RunningElectric & {
  /** What it logged. */
  readonly lines: string[]
}

export async function startTestElectric(
  database: TestDatabase,
  options: Partial<ElectricOptions> = {},
): Promise<TestElectric> {
  const lines: string[] = []
  const electric = await startElectric({
    databaseUrl: database.electricUrl,
    secret: null,
    log: (level, line) => lines.push(`${level}: ${line}`),
    ...options,
  })
  return { ...electric, lines }
}

export interface ChangeMessage {
  key: string
  value: Record<string, string | null>
  old_value?: Record<string, string | null>
  headers: Record<string, unknown>
}

export interface ShapeResponse {
  readonly status: number
  readonly headers: Headers
  readonly handle: string
  readonly offset: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies are compared whole
  readonly body: any
  /** Of an array body, the messages with a key. */
  readonly changes: ChangeMessage[]
}

/** One request, with the parameters as they stand in the URL. */
export async function get(
  electric: { url: string },
  params: Record<string, string>,
  init: RequestInit = {},
): Promise<ShapeResponse> {
  const response = await fetch(`${electric.url}/v1/shape?${new URLSearchParams(params)}`, init)
  const text = await response.text()
  const body = text === '' ? null : JSON.parse(text)
  return {
    status: response.status,
    headers: response.headers,
    handle: response.headers.get('electric-handle') ?? '',
    offset: response.headers.get('electric-offset') ?? '',
    body,
    changes: Array.isArray(body) ? body.filter((message) => 'key' in message) : [],
  }
}

/** Reads a shape from its beginning to the first up-to-date. */
export async function sync(electric: { url: string }, params: Record<string, string>) {
  const first = await get(electric, { ...params, offset: '-1' })
  return readOn(electric, params, first, [first])
}

/** Goes on from where a reader was, as who was away does: waits for news, and reads to the next up-to-date. */
export async function resume(
  electric: { url: string },
  params: Record<string, string>,
  from: { handle: string; last: ShapeResponse },
) {
  const { handle } = from
  const next = await get(electric, { ...params, handle, offset: from.last.offset, live: 'true' })
  return readOn(electric, params, next, [next])
}

async function readOn(
  electric: { url: string },
  params: Record<string, string>,
  { handle }: ShapeResponse,
  responses: ShapeResponse[],
) {
  let last = responses.at(-1) as ShapeResponse // the callers give one
  while (last.status === 200 && !last.headers.has('electric-up-to-date')) {
    last = await get(electric, { ...params, handle, offset: last.offset })
    responses.push(last)
  }
  return { responses, last, handle, changes: responses.flatMap((response) => response.changes) }
}

/** Asks again until the answer is yes; the test's own limit ends it. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await delay(10)
}

/** Ends the connection that Electric follows, as a network or an operator would. */
export async function killWalSender({ sql }: TestDatabase): Promise<void> {
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_replication WHERE application_name = 'electric'`
}
