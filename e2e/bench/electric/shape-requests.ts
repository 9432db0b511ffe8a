import { chatMessagesShape } from '#electric/shapes/chat-messages.ts'
import { TABLE } from './measured-table.ts'

export const COLUMNS = chatMessagesShape.columns
export const SECRET = 'measured'

/** Asks Electric for a session's messages in the words of the product's own proxy; what follows is a position. */
export function shapePath(sessionId: string, { table, secret } = { table: TABLE, secret: SECRET }): string {
  const params = new URLSearchParams({
    table,
    columns: COLUMNS.map(quoted).join(','),
    where: '"session_id" = $1',
    'params[1]': sessionId,
    secret,
  })
  return `/v1/shape?${params}`
}

/** The same rows, asked of Postgres. */
export function rowsSql(session: string): string {
  return `SELECT ${COLUMNS.map(quoted).join(', ')} FROM ${TABLE} WHERE session_id = ${session}`
}

function quoted(name: string): string {
  return `"${name}"`
}
