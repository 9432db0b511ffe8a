import type { PoolClient } from 'pg'
import { quoteIdentifier } from '../catalog/identifiers.ts'
import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import { mustRefetch, snapshotFailed } from '../http/protocol-error.ts'
import type { SnapshotView } from '../replication/visibility.ts'
import type { Shape } from '../shape/shape.ts'
import { columnText } from './column-text.ts'
import { copyOut } from './copy-out.ts'
import { rowWriter } from './row-writer.ts'
import { copySnapshot, readSnapshot, type SnapshotSource } from './snapshot-transaction.ts'
import { SnapshotWriter } from './snapshot-writer.ts'

export interface SnapshotOptions extends SnapshotSource {
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
  const isOver = () => shape.ending !== null
  const sql = definition.log === 'full' ? rowsSql(definition) : null
  const fill = async (view: SnapshotView, rows: AsyncIterable<Buffer>) => {
    if (!shape.joinAt(view)) throw mustRefetch(null)
    if (sql !== null) await writeRows(rows, shape, writer, options.maxBytes)
    if (shape.ending) return
    // Nobody waits for the transaction to end.
    await writer.complete(snapshotEnd(view))
    shape.wake()
  }
  try {
    if (definition.where?.needsLoad) {
      await readSnapshot(definition, options, isOver, async (client, view) => {
        await definition.where?.load((text) => column(client, text))
        await fill(view, sql === null ? NO_ROWS : copyOut(client, `COPY (${sql}) TO STDOUT`))
      })
    } else {
      await copySnapshot(definition, options, isOver, sql, fill)
    }
    if (!shape.ending) await writer.save()
  } finally {
    await writer.abandon()
  }
}

const NO_ROWS: AsyncIterable<Buffer> = { async *[Symbol.asyncIterator]() {} }

/** The values of a statement's one column, as Postgres prints them. */
async function column(client: PoolClient, text: string): Promise<(string | null)[]> {
  const asText = { getTypeParser: () => (value: string) => value }
  const { rows } = await client.query<[string | null]>({ text, rowMode: 'array', types: asText })
  return rows.map(([value]) => value)
}

async function writeRows(
  rows: AsyncIterable<Buffer>,
  shape: Shape,
  writer: SnapshotWriter,
  maxBytes: number,
): Promise<void> {
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
    `SELECT ${columns.map((each) => columnText(each, quoteIdentifier(each.name))).join(', ')} FROM ONLY ${table}`,
    where ? `WHERE ${where.sql}` : '',
  ].join(' ')
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
