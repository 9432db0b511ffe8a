import type { PoolClient } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { columnText } from './column-text.ts'
import { quoteIdentifier } from './identifiers.ts'
import { mustRefetch, snapshotFailed } from './protocol-error.ts'
import { rowWriter } from './row-writer.ts'
import type { Shape } from './shape.ts'
import type { ShapeDefinition } from './shape-definition.ts'
import { readSnapshot, type SnapshotSource } from './snapshot-transaction.ts'
import { SnapshotWriter } from './snapshot-writer.ts'
import type { SnapshotView } from './visibility.ts'

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
  try {
    await readSnapshot(
      definition,
      options,
      () => shape.ending !== null,
      async (client, view) => {
        await definition.where?.load((sql) => column(client, sql))
        if (!shape.joinAt(view)) throw mustRefetch(null)
        if (definition.log === 'full') await readRows(client, shape, writer, options.maxBytes)
        if (shape.ending) return
        // Nobody waits for the transaction to end.
        await writer.complete(snapshotEnd(view))
        shape.wake()
      },
    )
    if (!shape.ending) await writer.save()
  } finally {
    await writer.abandon()
  }
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
