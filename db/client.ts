import { sql as raw } from 'drizzle-orm'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import * as schema from './schema/index.ts'

type Drizzle = PostgresJsDatabase<typeof schema>

/** What a transaction's work gets: Drizzle bound to that transaction. */
export type Transaction = Parameters<Parameters<Drizzle['transaction']>[0]>[0]

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
   */
  transaction<T>(accountId: string | null, work: (tx: Transaction) => Promise<T>): Promise<Committed<T>>
  /** Calls back for each notification of a channel, and once after every (re)connection with null. */
  listen(channel: string, onMessage: (payload: string | null) => void): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** @param url connection string of the role to run as, see roles.ts. */
export function connect(url: string, { maxConnections = 20 } = {}): Database {
  const client = postgres(url, { max: maxConnections, onnotice: () => {}, connection: { TimeZone: 'UTC' } })
  const db = drizzle(client, { schema })
  return {
    transaction: (accountId, work) =>
      db.transaction(async (tx) => {
        await tx.execute(raw`select set_config('app.account_id', ${accountId ?? ''}, true)`)
        const value = await work(tx)
        return { value, txid: await currentTxid(tx) }
      }),
    listen: async (channel, onMessage) => {
      const { unlisten } = await client.listen(channel, onMessage, () => onMessage(null))
      return unlisten
    },
    close: () => client.end({ timeout: 5 }),
  }
}

// Inside the transaction: an id read outside names another one, and the client would wait for it until its timeout.
// The cast to xid drops the epoch, because the stream carries 32 bits.
async function currentTxid(tx: Transaction): Promise<number | null> {
  const [row] = await tx.execute<{ txid: string | null }>(
    raw`select pg_current_xact_id_if_assigned()::xid::text as txid`,
  )
  return row?.txid ? Number(row.txid) : null
}
