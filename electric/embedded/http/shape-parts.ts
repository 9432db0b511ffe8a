import type { Engine } from '../engine.ts'
import { compareOffsets, isSnapshotChunk, type Offset, SNAPSHOT_END } from '../shape/offsets.ts'
import type { Shape } from '../shape/shape.ts'
import type { LogRead } from '../shape/shape-log.ts'
import type { Body } from './body.ts'
import type { Reading, Wait } from './question.ts'

/** Of a shape's snapshot or log, what one answer carries. */
export interface Part {
  readonly end: Offset
  readonly isUpToDate: boolean
  /** A long-poll that ran out, and `now`: answers that carry nothing must not be taken from a cache. */
  readonly isNoChange: boolean
  readonly body: () => Body
}

/** @returns what there is to send, or what must be waited for. */
export function partOf({ shape, request }: Reading, engine: Engine): Part | Wait {
  const { snapshot, log } = shape
  const { offset } = request
  if (offset === 'before-all') return snapshotPart(shape, 0) ?? 'snapshot'
  if (offset === 'now') return snapshot.isComplete ? noChange(shape, engine) : 'snapshot'
  if (isSnapshotChunk(offset) && (!snapshot.isComplete || offset.op + 1 < snapshot.count)) {
    return snapshotPart(shape, offset.op + 1) ?? 'snapshot'
  }
  if (!snapshot.isComplete) return 'snapshot'
  if (compareOffsets(offset, log.end) > 0) return 'out-of-bounds'
  return logPart(shape, offset, request.isLive ? null : engine)
}

/** Nothing but that the caller is up to date. */
export function noChange({ log }: Shape, engine: Engine): Part {
  const { end } = log
  return {
    end,
    isUpToDate: true,
    isNoChange: true,
    body: () => Buffer.from(`[${upToDate(lastSeen(end, engine))}]`),
  }
}

export function upToDate(lsn: bigint): string {
  return `{"headers":{"control":"up-to-date","global_last_seen_lsn":"${lsn}"}}`
}

/** The end of the snapshot is an end to read to, and carries nothing. */
export function hasMessages(read: LogRead): boolean {
  return !read.isEmpty && compareOffsets(read.end, SNAPSHOT_END) > 0
}

/** @param engine null for a live answer: it speaks of its own shape only, others may have been read further. */
function logPart(shape: Shape, offset: Offset, engine: Engine | null): Part | 'log' {
  const read = shape.log.read(offset)
  if (engine === null && !hasMessages(read)) return 'log'
  const lsn = engine ? lastSeen(read.end, engine) : read.end.tx
  const message = read.reachesEnd ? upToDate(lsn) : null
  return {
    end: read.end,
    isUpToDate: read.reachesEnd,
    isNoChange: false,
    body: () => shape.body(read, message),
  }
}

function lastSeen({ tx }: Offset, { lastLsn }: Engine): bigint {
  return tx > lastLsn ? tx : lastLsn
}

function snapshotPart({ snapshot }: Shape, chunk: number): Part | null {
  const body = snapshot.body(chunk)
  if (!body) return null
  return { end: { tx: 0n, op: chunk }, isUpToDate: false, isNoChange: false, body: () => body }
}
