import { setTimeout as delay } from 'node:timers/promises'
import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { errorCode } from '../catalog/database-errors.ts'
import { quoteIdentifier } from '../catalog/identifiers.ts'
import type { Relation } from '../catalog/relation.ts'
import { type Query, readPreparedSql, readRelation } from '../catalog/relation-catalog.ts'
import { holdsOn, type ShapeDefinition, tablesOf } from '../catalog/shape-definition.ts'
import { databaseUnreachable, mustRefetch, snapshotFailed } from '../http/protocol-error.ts'
import type { RecentTransactions } from '../replication/recent-transactions.ts'
import { isVisible, parseSnapshotView, type SnapshotView } from '../replication/visibility.ts'
import { parseLsn } from '../shape/offsets.ts'
import { SnapshotQuery } from './snapshot-query.ts'

export interface SnapshotSource {
  readonly pool: Pool
  readonly publication: string
  readonly recent: RecentTransactions
}

/**
 * Runs the work in a transaction that contains everything that was streamed before the call.
 * @param isOver asked between attempts: nobody needs the result any more
 * @returns null when it was over before
 * @throws ProtocolError, or the database's error
 */
export async function readSnapshot<Result>(
  definition: ShapeDefinition,
  { pool, publication, recent }: SnapshotSource,
  isOver: () => boolean,
  work: (client: PoolClient, view: SnapshotView) => Promise<Result>,
): Promise<Result | null> {
  const unseen = recent.streamed()
  for (let attempt = 1; !isOver(); attempt++) {
    const done = await withClient(pool, async (client) => {
      const view = await openSnapshot(client, definition)
      if (!unseen.every((xid) => isVisible(view, xid))) return null
      await requireSameTables(client, definition, publication)
      recent.settle(view)
      return { result: await work(client, view) }
    })
    if (done) return done.result
    // A commit is in the log and not yet visible: a matter of microseconds, unless it waits for a standby.
    await delay(Math.min(attempt, 100))
  }
  return null
}

/**
 * The same with the rows of a query, all in one message. For predicates that read nothing else first.
 * @param rowsSql null for a view without rows
 * @param work is over when it has read the rows
 */
export async function copySnapshot(
  definition: ShapeDefinition,
  { pool, publication, recent }: SnapshotSource,
  isOver: () => boolean,
  rowsSql: string | null,
  work: (view: SnapshotView, rows: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const copy = rowsSql === null ? '' : `COPY (${rowsSql}) TO STDOUT;`
  const text = `${openingSql(definition)}; ${readPreparedSql(definition.relation, publication)}; ${copy} COMMIT`
  const unseen = recent.streamed()
  for (let attempt = 1; !isOver(); attempt++) {
    const client = await connect(pool)
    const query = client.query(new SnapshotQuery(text, 2))
    try {
      const [views = [], rows = []] = await query.heads
      const view = toView(views)
      if (unseen.every((xid) => isVisible(view, xid))) {
        requireHolds(definition, await readRelation(async () => rows, definition.relation, publication))
        recent.settle(view)
        await work(view, query)
        await query.ended
        return client.release()
      }
      client.release(true) // the rows that are under way are of no use
    } catch (error) {
      await abandon(client, error)
      throw error
    }
    await delay(Math.min(attempt, 100))
  }
}

async function withClient<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await connect(pool)
  try {
    const result = await work(client)
    await client.query('COMMIT')
    client.release()
    return result
  } catch (error) {
    await abandon(client, error)
    throw error
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    // The pool's own, for a connection that did not get free in time.
    throw errorCode(error) === '' ? databaseUnreachable() : error
  }
}

async function abandon(client: PoolClient, error: unknown): Promise<void> {
  try {
    // Whatever else happened, something may still run, and ends with the connection.
    if (!(error instanceof DatabaseError)) return client.release(true)
    await client.query('ROLLBACK')
    client.release()
  } catch {
    client.release(true)
  }
}

async function openSnapshot(client: PoolClient, definition: ShapeDefinition): Promise<SnapshotView> {
  const results = await client.query(openingSql(definition))
  // Several statements give several results, which the types do not know.
  const rows = (results as unknown as { rows: Record<string, unknown>[] }[]).at(-1)?.rows ?? []
  return toView(rows)
}

// The lock before the transaction's first snapshot: no schema change can fall between it and the rows,
// and those that rewrite a table would leave it empty for an older snapshot.
function openingSql(definition: ShapeDefinition): string {
  const tables = tablesOf(definition).map(
    ({ schema, name }) => `ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
  )
  return `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    LOCK TABLE ${tables.join(', ')} IN ACCESS SHARE MODE;
    SELECT pg_current_snapshot()::text AS view, pg_current_wal_insert_lsn()::text AS lsn`
}

function toView([row]: readonly Record<string, unknown>[]): SnapshotView {
  if (!row) throw snapshotFailed('Postgres gave no snapshot')
  return parseSnapshotView(String(row.view), parseLsn(String(row.lsn)))
}

async function requireSameTables(
  client: PoolClient,
  definition: ShapeDefinition,
  publication: string,
): Promise<void> {
  // Prepared, once a connection: planning the catalog's joins costs more than running them.
  const query: Query = async (text, values) =>
    (await client.query<object>({ name: 'catalog', text, values })).rows
  for (const table of tablesOf(definition)) {
    requireHolds(definition, await readRelation(query, table, publication))
  }
}

function requireHolds(definition: ShapeDefinition, now: Relation | null): void {
  if (!now || !holdsOn(definition, now)) throw mustRefetch(null)
}
