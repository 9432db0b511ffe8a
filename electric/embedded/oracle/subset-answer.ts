import { type Change, isChange, readMessage } from './messages.ts'
import { must } from './violation.ts'

/** Rows of a shape as they were in one moment. */
export interface Subset {
  readonly rows: readonly Change[]
  /** Whether a transaction's changes are in the rows. */
  contains(xid: number): boolean
}

/** @throws Violation when it is none */
export function readSubset(text: string): Subset {
  const body: unknown = JSON.parse(text)
  must(
    typeof body === 'object' && body !== null && 'metadata' in body && 'data' in body,
    'a subset has both',
    text,
  )
  const { metadata, data } = body
  must(Array.isArray(data), 'its data are messages', text.slice(0, 500))
  const rows = data.map(readMessage)
  must(rows.every(isRow), 'its data are inserts without positions', text.slice(0, 500))
  const { xmin, xmax, xip_list } = metadata as Record<string, unknown> // checked by what is made of them
  const underWay = new Set(Array.isArray(xip_list) ? xip_list.map(Number) : [])
  must(Number(xmin) > 0 && Number(xmax) >= Number(xmin), 'it names its view', metadata)
  // The databases here are young: their ids have not wrapped around.
  const contains = (xid: number) => xid < Number(xmin) || (xid < Number(xmax) && !underWay.has(xid))
  return { rows, contains }
}

function isRow(message: ReturnType<typeof readMessage>): message is Change {
  return isChange(message) && message.headers.operation === 'insert' && message.headers.lsn === undefined
}
