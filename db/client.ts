import type { SQLWrapper } from 'drizzle-orm'
import { type NodePgQueryResultHKT, NodePgSession } from 'drizzle-orm/node-postgres'
import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core'
import { escapeLiteral, Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg'
import postgres from 'postgres'
import { statementName } from './statement-names.ts'

type Drizzle = PgDatabase<NodePgQueryResultHKT, Record<string, never>>

/** Rows of a statement; `count` is how many it returned or changed. */
export type Rows<T> = T[] & { count: number }

/**
 * What a transaction's work gets: Drizzle bound to that transaction. Statements that do not need each other's answers
 * may go together, `await Promise.all([first, second])`: Postgres takes them in order, and nobody waits in between.
 */
export type Transaction = Omit<Drizzle, 'execute' | 'transaction'> & {
  execute<T extends Record<string, unknown>>(query: SQLWrapper | string): Promise<Rows<T>>
}

export interface Committed<T> {
  value: T
  /** 32-bit id of the transaction as Electric reports it; null when it wrote nothing. */
  txid: number | null
}

export interface Database {
  /**
   * Runs `work` in one transaction on behalf of an account (null: the server itself) and commits it.
   * Everything the app does goes through here, reads too: `app.account_id` is set for the transaction only,
   * which is what row-level security reads.
   * @throws ConnectionLost when Postgres went away; whether a commit that was under way happened is not known then
   * (`mayHaveCommitted`).
   */
  transaction<T>(accountId: string | null, work: (tx: Transaction) => Promise<T>): Promise<Committed<T>>
  /** Calls back for each notification of a channel, and once after every (re)connection with null. */
  listen(channel: string, onMessage: (payload: string | null) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** Postgres cannot be reached, or went away in the middle. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost'
  /** SQLSTATE connection_failure, which a driver has no way to send. */
  readonly code = '08006'
  /** It was lost while committing: whether that happened is not known. Otherwise nothing was written. */
  readonly mayHaveCommitted: boolean

  constructor(
    message: string,
    { cause, mayHaveCommitted = false }: ErrorOptions & { mayHaveCommitted?: boolean },
  ) {
    super(message, { cause })
    this.mayHaveCommitted = mayHaveCommitted
  }
}

/** By its name: the built app and the process around it each have a copy of the class. */
export function isConnectionLost(error: unknown): error is ConnectionLost {
  return error instanceof Error && error.name === 'ConnectionLost'
}

const CONNECT_WITHIN_MS = 10_000

/** @param url connection string of the role to run as, see roles.ts. */
export function connect(url: string, { maxConnections = 20 } = {}): Database {
  // Transactions do not run on postgres.js: after its connection is lost it sends what follows on a new one, outside of
  // the transaction, or ends the process (its issues 1155 and 1208). A client of pg that was lost stays lost.
  const pool = new Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    options: '-c timezone=UTC',
    pipeline: true,
  })
  pool.on('error', () => {
    // An idle connection was lost; the pool makes another when one is wanted.
  })
  const listener = postgres(url, { max: 1, onnotice: () => {} })
  return {
    transaction: async (accountId, work) => {
      const client = await pool.connect().catch((cause: Error) => {
        throw new ConnectionLost(`PostgreSQL cannot be reached: ${cause.message}`, { cause })
      })
      return inTransaction(client, accountId, work)
    },
    listen: async (channel, onMessage) => {
      const { unlisten } = await listener.listen(channel, onMessage, () => onMessage(null))
      return unlisten
    },
    close: async () => {
      await Promise.all([pool.end(), listener.end({ timeout: 5 })])
    },
  }
}

async function inTransaction<T>(
  client: PoolClient,
  accountId: string | null,
  work: (tx: Transaction) => Promise<T>,
): Promise<Committed<T>> {
  let lost: Error | undefined
  let mayHaveCommitted = false
  const onLost = (error: Error) => {
    lost = error
  }
  client.on('error', onLost)
  try {
    const value = await begun(client, accountId, work)
    mayHaveCommitted = true
    return { value, txid: await commit(client) }
  } catch (error) {
    await client.query('rollback').catch(onLost)
    if (!lost) throw error
    const message = 'PostgreSQL went away in the middle of a transaction.'
    throw new ConnectionLost(message, { cause: error, mayHaveCommitted })
  } finally {
    client.off('error', onLost)
    client.release(lost)
  }
}

const dialect = new PgDialect()

async function begun<T>(
  client: PoolClient,
  accountId: string | null,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  let ended = false
  let failure: unknown
  const query = async (config: QueryConfig, values: unknown[]) => {
    if (ended) throw new Error('This transaction has ended. Await what it sends, all of it.')
    try {
      return await client.query({ ...config, name: statementName(config.text) }, values)
    } catch (error) {
      failure ??= error // of those sent after it Postgres only says that something failed before
      throw failure
    }
  }
  const session = new NodePgSession({ query } as unknown as PoolClient, dialect, undefined) // it calls nothing else
  try {
    // The beginning is sent ahead of the work's first statement, and not waited for. If it fails, so does all that follows.
    const [, value] = await Promise.all([
      client.query(`begin; select set_config('app.account_id', ${escapeLiteral(accountId ?? '')}, true)`),
      work(withRows(new PgDatabase(dialect, session, undefined))),
    ])
    return value
  } finally {
    ended = true
  }
}

function withRows(tx: Drizzle): Transaction {
  const execute = tx.execute.bind(tx)
  return Object.assign(Object.create(tx) as Drizzle, {
    async execute<T extends Record<string, unknown>>(query: SQLWrapper | string): Promise<Rows<T>> {
      const { rows, rowCount } = await execute<T>(query)
      return Object.assign(rows as unknown as T[], { count: rowCount ?? 0 }) // Drizzle narrows T again
    },
  })
}

// The id is read inside the transaction: one read outside names another one, and the client would wait for it until its
// timeout. The cast to xid drops the epoch, because the stream carries 32 bits.
async function commit(client: PoolClient): Promise<number | null> {
  const results = await client.query('select pg_current_xact_id_if_assigned()::xid::text as txid; commit')
  // Two statements have two results, which pg's types do not say.
  const [read] = results as unknown as QueryResult<{ txid: string | null }>[]
  const txid = read?.rows[0]?.txid
  return txid ? Number(txid) : null
}
