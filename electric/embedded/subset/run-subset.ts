import { randomInt } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import type { Body } from '../http/body.ts'
import { snapshotFailed } from '../http/protocol-error.ts'
import type { SnapshotView } from '../replication/visibility.ts'
import { copyOut } from '../snapshot/copy-out.ts'
import { rowWriter } from '../snapshot/row-writer.ts'
import { readSnapshot, type SnapshotSource } from '../snapshot/snapshot-transaction.ts'
import type { CheckedSubset } from './check-subset.ts'
import { Spool } from './spool.ts'
import { subsetAnswer } from './sql-errors.ts'
import { type SubsetSql, subsetSql } from './subset-sql.ts'
import { SubsetWriter } from './subset-writer.ts'
import { requireKnownTypes } from './user-types.ts'

export interface SubsetOptions extends SnapshotSource {
  readonly maxBytes: number
  readonly statementTimeoutMs: number
  /** Where answers stand that are too large for memory, until they are sent. */
  readonly folder: string
  /** Aborted when the exchange is over in whatever way: it ends the query, and lets go of an answer not sent. */
  readonly signal: AbortSignal
}

/**
 * The whole answer, `{"metadata":{…},"data":[…]}`.
 *
 * A client applies the subset to what it has of the stream, and holds back what the subset's snapshot contains
 * already. So the snapshot contains all that was streamed before the call: an older row would overwrite a newer
 * one that never comes again. Whoever asked from `now` goes on from the log's end as it was before the call.
 * @returns null when the caller went away
 * @throws ProtocolError, or the database's error
 */
export async function runSubset(
  definition: ShapeDefinition,
  subset: CheckedSubset,
  options: SubsetOptions,
): Promise<Body | null> {
  const { signal } = options
  const sql = subsetSql(definition, subset)
  const spool = new Spool(options.folder)
  const dispose = () => void spool.dispose()
  signal.addEventListener('abort', dispose, { once: true })
  try {
    const work = (client: PoolClient, view: SnapshotView) =>
      read(client, view, { definition, subset, sql, spool, ...options })
    const view = await readSnapshot(definition, options, () => signal.aborted, work)
    if (view && !signal.aborted) return await spool.body()
    await spool.dispose()
    return null
  } catch (error) {
    await spool.dispose()
    if (signal.aborted) return null
    throw subsetAnswer(error, sql)
  }
}

interface Reading extends SubsetOptions {
  readonly definition: ShapeDefinition
  readonly subset: CheckedSubset
  readonly sql: SubsetSql
  readonly spool: Spool
}

async function read(client: PoolClient, view: SnapshotView, reading: Reading): Promise<SnapshotView> {
  const { definition, subset, sql, spool, maxBytes } = reading
  await requireKnownTypes(client, subset)
  const stopCancelling = await prepare(client, reading)
  try {
    const mark = randomInt(0, 2 ** 31)
    const writer = new SubsetWriter(rowWriter(definition, { snapshot_mark: mark }), spool)
    await spool.write(Buffer.from(`{"metadata":${metadata(view, mark)},"data":[`))
    for await (const bytes of copyOut(client, sql.text)) {
      await writer.write(bytes)
      if (spool.bytes > maxBytes) throw snapshotFailed(`The subset is larger than ${maxBytes} bytes`)
    }
    await writer.end()
    await spool.write(Buffer.from(']}'))
    return view
  } finally {
    await stopCancelling()
  }
}

/** @returns what must be awaited before the connection is used for something else. */
async function prepare(
  client: PoolClient,
  { pool, signal, statementTimeoutMs }: SubsetOptions,
): Promise<() => Promise<void>> {
  // No operator but those of pg_catalog, whatever somebody made in a schema of the role's path.
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pg_backend_pid() AS pid, set_config('search_path', 'pg_catalog', true),
      set_config('statement_timeout', $1, true)`,
    [String(statementTimeoutMs)],
  )
  const pid = rows[0]?.pid
  let cancelling: Promise<void> = Promise.resolve()
  const cancel = () => {
    cancelling = cancelQuery(pool, pid)
  }
  signal.addEventListener('abort', cancel)
  signal.throwIfAborted()
  return async () => {
    signal.removeEventListener('abort', cancel)
    await cancelling
  }
}

// The statement's own timeout ends what this does not.
async function cancelQuery(pool: Pool, pid: number | undefined): Promise<void> {
  await pool.query('SELECT pg_cancel_backend($1)', [pid]).catch(() => {})
}

function metadata({ xmin, xmax, inProgressIds, lsn }: SnapshotView, mark: number): string {
  return JSON.stringify({
    snapshot_mark: mark,
    database_lsn: String(lsn),
    xmin: String(xmin),
    xmax: String(xmax),
    xip_list: inProgressIds.map(String),
  })
}
