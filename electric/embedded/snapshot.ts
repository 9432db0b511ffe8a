import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { quoteIdentifier } from './identifiers.ts'
import { parseLsn } from './offsets.ts'
import { mustRefetch, snapshotFailed } from './protocol-error.ts'
import type { RecentTransactions } from './recent-transactions.ts'
import type { Column } from './relation.ts'
import { type Query, readRelation } from './relation-catalog.ts'
import { rowWriter } from './row-writer.ts'
import type { Shape } from './shape.ts'
import { holdsOn, type ShapeDefinition } from './shape-definition.ts'
import { SnapshotWriter } from './snapshot-writer.ts'
import { isVisible, parseSnapshotView, type SnapshotView } from './visibility.ts'

export interface SnapshotOptions {
  readonly pool: Pool
  readonly publication: string
  readonly recent: RecentTransactions
  readonly maxBytes: number
  readonly chunkBytesThreshold: number
}

/**
 * Fills a shape that is registered with the stream already. Returns early when the shape ended meanwhile.
 * @throws ProtocolError, or the database's error
 */
export async function takeSnapshot(shape: Shape, options: SnapshotOptions): Promise<void> {
  const { snapshot, definition } = shape
  const writer = new SnapshotWriter(snapshot, rowWriter(definition), options.chunkBytesThreshold)
  try {
    const view = await readOnce(shape, writer, options)
    if (!view || shape.ending) return
    await writer.complete(snapshotEnd(view))
    shape.wake()
    await writer.save()
    shape.isSaved = true
  } finally {
    await writer.abandon()
  }
}

/** @returns what the rows are true for; null when the shape ended. */
async function readOnce(
  shape: Shape,
  writer: SnapshotWriter,
  options: SnapshotOptions,
): Promise<SnapshotView | null> {
  const unseen = options.recent.streamed()
  for (let attempt = 1; !shape.ending; attempt++) {
    const view = await withClient(options.pool, async (client) => {
      const taken = await openSnapshot(client, shape.definition)
      if (!unseen.every((xid) => isVisible(taken, xid))) return null
      await requireSameTable(client, shape.definition, options.publication)
      options.recent.settle(taken)
      await shape.definition.where?.load((sql) => column(client, sql))
      if (!shape.joinAt(taken)) throw mustRefetch(null)
      if (shape.definition.log === 'full') await readRows(client, shape, writer, options.maxBytes)
      return taken
    })
    if (view) return view
    // A commit is in the log and not yet visible: a matter of microseconds, unless it waits for a standby.
    await delay(Math.min(attempt, 100))
  }
  return null
}

async function withClient<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  try {
    const result = await work(client)
    await client.query('COMMIT')
    client.release()
    return result
  } catch (error) {
    // Whatever still runs on it ends with the connection.
    client.release(true)
    throw error
  }
}

async function openSnapshot(client: PoolClient, { relation }: ShapeDefinition): Promise<SnapshotView> {
  // The lock before the transaction's first snapshot: no schema change can fall between it and the rows,
  // and those that rewrite a table would leave it empty for an older snapshot.
  const results = await client.query(`
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    LOCK TABLE ONLY ${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)} IN ACCESS SHARE MODE;
    SELECT pg_current_snapshot()::text AS view, pg_current_wal_insert_lsn()::text AS lsn`)
  // Several statements give several results, which the types do not know.
  const row = (results as unknown as { rows: { view: string; lsn: string }[] }[]).at(-1)?.rows[0]
  if (!row) throw snapshotFailed('Postgres gave no snapshot')
  return parseSnapshotView(row.view, parseLsn(row.lsn))
}

async function requireSameTable(
  client: PoolClient,
  definition: ShapeDefinition,
  publication: string,
): Promise<void> {
  const query: Query = async (text, values) => (await client.query<object>(text, values)).rows
  const relation = await readRelation(query, definition.relation, publication)
  if (!relation || !holdsOn(definition, relation)) throw mustRefetch(null)
}

/** The values of a statement's one column, as Postgres prints them. */
async function column(client: PoolClient, text: string): Promise<(string | null)[]> {
  const asText = { getTypeParser: () => (value: string) => value }
  const { rows } = await client.query<[string | null]>({ text, rowMode: 'array', types: asText })
  return rows.map(([value]) => value)
}

async function readRows(
  client: PoolClient,
  shape: Shape,
  writer: SnapshotWriter,
  maxBytes: number,
): Promise<void> {
  const rows = client.query(copyTo(`COPY (${rowsSql(shape.definition)}) TO STDOUT`))
  for await (const bytes of rows) {
    if (await writer.write(bytes)) shape.wake()
    if (shape.ending) throw shape.ending
    if (writer.bytes > maxBytes) {
      throw snapshotFailed(
        `The shape is larger than ${maxBytes} bytes, the most that the embedded server holds`,
      )
    }
  }
}

function rowsSql({ relation, columns, where }: ShapeDefinition): string {
  const table = `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`
  return [
    `SELECT ${columns.map(columnText).join(', ')} FROM ONLY ${table}`,
    where ? `WHERE ${where.sql}` : '',
  ].join(' ')
}

const BOOL = 16

// In COPY as in the stream each value is what its type prints; snapshots alone carry booleans as words.
function columnText({ name, typeOid }: Column): string {
  const column = quoteIdentifier(name)
  return typeOid === BOOL ? `${column}::text` : column
}

function snapshotEnd({ xmin, xmax, inProgressIds }: SnapshotView): string {
  return JSON.stringify({
    headers: {
      control: 'snapshot-end',
      xmin: String(xmin),
      xmax: String(xmax),
      xip_list: inProgressIds.map(String),
    },
  })
}
