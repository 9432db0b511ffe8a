import type { PoolClient } from 'pg'
import { to as copyTo } from 'pg-copy-streams'

/** @param statement `COPY … TO STDOUT` */
export function copyOut(client: PoolClient, statement: string): AsyncIterable<Buffer> {
  const rows = client.query(copyTo(statement))
  // Told to whoever iterates. Before and after that nobody listens: an end of the connection would be one of the process.
  rows.on('error', (error) => rows.destroy(error))
  return rows
}
