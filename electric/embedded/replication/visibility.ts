/**
 * What a snapshot of the database contains. Transactions that it contains are skipped in the stream;
 * all others, those open across the snapshot included, are applied.
 */
export interface SnapshotView {
  readonly xmin: bigint
  readonly xmax: bigint
  /** 64-bit, as Postgres lists them. */
  readonly inProgressIds: readonly bigint[]
  readonly inProgress: ReadonlySet<number>
  /** A position that every contained transaction's commit precedes. */
  readonly lsn: bigint
}

/** @param text of pg_current_snapshot(), `xmin:xmax:xip,xip,…` in 64-bit ids. */
export function parseSnapshotView(text: string, lsn: bigint): SnapshotView {
  const [xmin = '', xmax = '', list = ''] = text.split(':')
  const inProgressIds = list === '' ? [] : list.split(',').map(BigInt)
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    inProgressIds,
    inProgress: new Set(inProgressIds.map(shortXid)),
    lsn,
  }
}

/** As `pg_current_snapshot()` prints it. */
export function formatSnapshotView({ xmin, xmax, inProgressIds }: SnapshotView): string {
  return `${xmin}:${xmax}:${inProgressIds.join(',')}`
}

/** @param xid 32 bits, as the stream gives it. */
export function isVisible(view: SnapshotView, xid: number): boolean {
  if (precedes(xid, shortXid(view.xmin))) return true
  return precedes(xid, shortXid(view.xmax)) && !view.inProgress.has(xid)
}

/**
 * Whether a streamed transaction is contained in the snapshot.
 * A commit at or after the snapshot's position never is. Up to there the ids decide, for all transactions:
 * commits reach the log in another order than they become visible, so one id beyond xmax proves nothing about the next.
 */
export function isContained(view: SnapshotView, transaction: { xid: number; lsn: bigint }): boolean {
  return transaction.lsn < view.lsn && isVisible(view, transaction.xid)
}

function shortXid(xid: bigint): number {
  return Number(xid & 0xffffffffn)
}

// Ids wrap around at 2^32: the one that lies less than half the circle behind precedes.
function precedes(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}
