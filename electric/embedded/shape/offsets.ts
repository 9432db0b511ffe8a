/**
 * A position in a shape's log. `op` is Infinity in `0_inf`, the end of the snapshot.
 * The transaction part is a 64-bit WAL position, which a JavaScript number cannot hold.
 */
export interface Offset {
  readonly tx: bigint
  readonly op: number
}

export type RequestedOffset = Offset | 'before-all' | 'now'

export const SNAPSHOT_END: Offset = { tx: 0n, op: Number.POSITIVE_INFINITY }

const OFFSET = /^(\d{1,20})_(\d{1,15}|inf)$/

/** @returns null when the text is no offset. */
export function parseOffset(text: string): RequestedOffset | null {
  if (text === '-1') return 'before-all'
  if (text === 'now') return 'now'
  const match = OFFSET.exec(text)
  if (!match?.[1] || !match[2]) return null
  return { tx: BigInt(match[1]), op: match[2] === 'inf' ? Number.POSITIVE_INFINITY : Number(match[2]) }
}

export function formatOffset(offset: Offset): string {
  return `${offset.tx}_${offset.op === Number.POSITIVE_INFINITY ? 'inf' : offset.op}`
}

export function compareOffsets(a: Offset, b: Offset): number {
  if (a.tx !== b.tx) return a.tx < b.tx ? -1 : 1
  if (a.op === b.op) return 0
  return a.op < b.op ? -1 : 1
}

/** Whether the offset lies in the snapshot's chunks `0_0`, `0_1`, … and not in the log of changes. */
export function isSnapshotChunk(offset: Offset): boolean {
  return offset.tx === 0n && offset.op !== Number.POSITIVE_INFINITY
}

/** Postgres's `X/Y` notation as the 64-bit number it stands for. */
export function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
}
