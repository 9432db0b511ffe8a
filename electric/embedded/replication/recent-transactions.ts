import { isVisible, type SnapshotView } from './visibility.ts'

const LIMIT = 100_000

/**
 * Transactions that went through the stream and may not be visible in the database yet: Postgres writes a
 * commit to the log before it shows it. A shape that registers in between would get such a transaction
 * neither from the stream nor from its snapshot, so its snapshot must be one that contains it.
 */
export class RecentTransactions {
  #xids: number[]

  constructor(xids: readonly number[] = []) {
    this.#xids = [...xids]
  }

  get isEmpty(): boolean {
    return this.#xids.length === 0
  }

  /** To be called at a transaction's beginning: a shape registered in the middle of it misses its first half. */
  add(xid: number): void {
    this.#xids.push(xid)
    if (this.#xids.length > LIMIT) this.#xids = this.#xids.slice(LIMIT / 2)
  }

  /** The transactions that a shape registered now does not get from the stream. */
  streamed(): readonly number[] {
    return this.#xids.slice()
  }

  /** Forgets what every later snapshot contains, because this one does. */
  settle(view: SnapshotView): void {
    this.#xids = this.#xids.filter((xid) => !isVisible(view, xid))
  }
}
