import { setTimeout as delay } from 'node:timers/promises'
import type { Sql, TransactionSql } from 'postgres'
import { snapshotWriter } from './change-messages.ts'
import { quoteIdentifier } from './identifiers.ts'
import { parseLsn } from './offsets.ts'
import { mustRefetch, snapshotFailed } from './protocol-error.ts'
import type { RecentTransactions } from './recent-transactions.ts'
import type { Column } from './relation.ts'
import { readRelation } from './relation-catalog.ts'
import type { Shape } from './shape.ts'
import { holdsOn, type ShapeDefinition } from './shape-definition.ts'
import { isVisible, parseSnapshotView, type SnapshotView } from './visibility.ts'

export interface SnapshotOptions {
  readonly sql: Sql
  readonly publication: string
  readonly recent: RecentTransactions
  readonly maxBytes: number
}

const ROWS_A_FETCH = 1000

/**
 * Fills a shape that is registered with the stream already. Returns early when the shape ended meanwhile.
 * @throws ProtocolError, or the database's error
 */
export async function takeSnapshot(shape: Shape, options: SnapshotOptions): Promise<void> {
  const { sql, recent } = options
  const unseen = recent.streamed()
  for (let attempt = 1; !shape.ending; attempt++) {
    const view = await sql.begin('isolation level repeatable read read only', async (transaction) => {
      const taken = await openSnapshot(transaction, shape.definition, options.publication)
      if (!unseen.every((xid) => isVisible(taken, xid))) return null
      recent.settle(taken)
      if (!shape.joinAt(taken)) throw mustRefetch(null)
      if (shape.definition.log === 'full') await readRows(transaction, shape, options.maxBytes)
      return taken
    })
    if (view) return shape.completeSnapshot(snapshotEnd(view))
    // A commit is in the log and not yet visible: a matter of microseconds, unless it waits for a standby.
    await delay(Math.min(attempt, 100))
  }
}

async function openSnapshot(
  sql: TransactionSql,
  definition: ShapeDefinition,
  publication: string,
): Promise<SnapshotView> {
  const { schema, name } = definition.relation
  // Before the transaction's first snapshot: no schema change can fall between it and the rows,
  // and those that rewrite a table would leave it empty for an older snapshot.
  await sql.unsafe(`LOCK TABLE ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)} IN ACCESS SHARE MODE`)
  const [row] = await sql<{ view: string; lsn: string }[]>`
    SELECT pg_current_snapshot()::text AS view, pg_current_wal_insert_lsn()::text AS lsn`
  if (!row) throw snapshotFailed('Postgres gave no snapshot')
  const relation = await readRelation(sql, definition.relation, publication)
  if (!relation || !holdsOn(definition, relation)) throw mustRefetch(null)
  return parseSnapshotView(row.view, parseLsn(row.lsn))
}

async function readRows(sql: TransactionSql, shape: Shape, maxBytes: number): Promise<void> {
  const { definition } = shape
  const write = snapshotWriter(definition)
  const query = sql.unsafe(rowsSql(definition))
  for await (const rows of query.values().cursor(ROWS_A_FETCH)) {
    for (const row of rows) shape.addSnapshotRow(write(row as (string | null)[])) // every column is text
    if (shape.ending) return
    if (shape.bytes > maxBytes) {
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

// bpchar, inet: a cast to text drops the padding or adds a mask, which the stream does not.
const PRINTS_OTHERWISE = new Set([1042, 869])

function columnText({ name, typeOid }: Column): string {
  const column = quoteIdentifier(name)
  if (!PRINTS_OTHERWISE.has(typeOid)) return `${column}::text`
  return `CASE WHEN ${column} IS NOT NULL THEN concat(${column}, '') END`
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
