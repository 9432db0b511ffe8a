import { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { Client, type QueryResultRow } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { BackupError } from './backup-error.ts'

const CONNECT_WITHIN_MS = 10_000

/** One connection of the owner role, for one transaction. */
export interface Session {
  query<T extends QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>
  copyOut(statement: string): AsyncIterable<Buffer>
  copyIn(statement: string, rows: AsyncIterable<Buffer>): Promise<void>
  /** From here on the signal ends nothing any more: it could not be told whether this had happened. */
  commit(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * @param signal ends the connection at once, whatever it is doing; Postgres then rolls back.
 * @throws BackupError when Postgres cannot be reached, or goes away in the middle.
 */
export async function openSession(url: string, signal?: AbortSignal): Promise<Session> {
  signal?.throwIfAborted()
  const socket = new Socket()
  const client = clientOn(url, socket)
  let isBusy = false
  let isLost = false
  client.on('error', () => {
    isLost = true // the statement that is under way, or comes next, tells it
  })
  await client.connect().catch((cause: Error) => {
    throw new BackupError(unreachable(url, cause), { cause })
  })
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  let ended: Promise<void> | undefined
  const end = () => {
    socket.destroy()
    // A server that waits for a lock, or checks a foreign key, does not notice that nobody listens any more.
    ended = terminate(url, rows[0]?.pid)
  }
  signal?.addEventListener('abort', end, { once: true })
  const told = (error: Error & { code?: string }) => {
    const isGone = isLost || socket.destroyed || WENT_AWAY.has(error.code ?? '')
    if (!isGone || signal?.aborted) return error
    const message = `PostgreSQL went away in the middle (${error.message}). Is it running? Then try again.`
    return new BackupError(message, { cause: error })
  }
  return {
    query: (text, values) =>
      client.query(text, values).then(
        (result) => result.rows,
        (error: Error) => Promise.reject(told(error)),
      ),
    copyOut: async function* (statement) {
      isBusy = true
      try {
        yield* client.query(copyTo(statement)) as AsyncIterable<Buffer> // a stream of bytes yields nothing else
      } catch (error) {
        throw told(error as Error) // what streams fail with
      }
      isBusy = false
    },
    copyIn: (statement, bytes) =>
      pipeline(bytes, client.query(copyFrom(statement))).catch((error: Error) => Promise.reject(told(error))),
    commit: async () => {
      signal?.throwIfAborted()
      signal?.removeEventListener('abort', end)
      await client.query('commit').catch((error: Error) => Promise.reject(told(error)))
    },
    [Symbol.asyncDispose]: async () => {
      signal?.removeEventListener('abort', end)
      // A COPY that was left in its middle would first have to be read to its end.
      if (isBusy || isLost || socket.destroyed) socket.destroy()
      else await client.end()
      await ended
    },
  }
}

/** How Postgres says that it ends a connection. */
const WENT_AWAY = new Set(['57P01', '57P02', '57P03', 'ECONNRESET', 'EPIPE'])

function clientOn(url: string, socket: Socket): Client {
  return new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
    stream: () => socket,
  })
}

async function terminate(url: string, pid: number | undefined): Promise<void> {
  try {
    await using other = await openSession(url)
    await other.query('select pg_terminate_backend($1)', [pid])
  } catch {
    // A server that cannot be reached any more ends its connections itself.
  }
}

/**
 * Settings for a transaction that reads or writes data as text: the same text for the same value on every server, no
 * time limits, and an error in place of rows that row-level security would hide.
 */
export async function pinSettings(session: Session): Promise<void> {
  const settings = {
    client_encoding: 'UTF8',
    timezone: 'UTC',
    datestyle: 'ISO, MDY',
    intervalstyle: 'postgres',
    extra_float_digits: '1',
    bytea_output: 'hex',
    xmlbinary: 'base64',
    row_security: 'off',
    synchronize_seqscans: 'off',
    statement_timeout: '0',
    lock_timeout: '0',
    transaction_timeout: '0', // PostgreSQL 17 and newer
    idle_in_transaction_session_timeout: '0',
    search_path: '', // the catalog then writes every name in full
  }
  await session.query(
    `select set_config(wanted.key, wanted.value, true)
     from json_each_text($1) wanted where wanted.key in (select name from pg_catalog.pg_settings)`,
    [JSON.stringify(settings)],
  )
}

function unreachable(url: string, cause: Error): string {
  const { hostname, port, pathname, username } = new URL(url)
  const { code } = cause as NodeJS.ErrnoException // absent on what is none
  const server = `${hostname}:${port || 5432}`
  if (code === '3D000') {
    return `There is no database "${decodeURIComponent(pathname.slice(1))}" on ${server}. Make it with CREATE DATABASE, or correct DATABASE_URL.`
  }
  return `PostgreSQL is not reachable at ${server}${pathname} as "${username}": ${cause.message || code}. Is it running, and is DATABASE_URL right?`
}
