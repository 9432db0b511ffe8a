import { compareOffsets, formatOffset, type Offset, parseOffset } from '../shape/offsets.ts'
import { type Change, type Control, isChange, type Message } from './messages.ts'
import { must } from './violation.ts'

/** Where a reader is in a shape's log, and whether what comes next may come next. */
export class StrictOrder {
  readonly #hasSnapshot: boolean
  #at: Offset | null = null
  #isInSnapshot: boolean
  /** Whether the transaction that was read last has ended. */
  #isWhole = true

  /** @param options whether it begins with the shape's snapshot, or where the log ends now */
  constructor({ hasSnapshot }: { hasSnapshot: boolean }) {
    this.#hasSnapshot = hasSnapshot
    this.#isInSnapshot = hasSnapshot
  }

  /** Null before the first answer. */
  get at(): Offset | null {
    return this.#at
  }

  get offset(): string {
    return this.#at ? formatOffset(this.#at) : ''
  }

  reset(): void {
    this.#at = null
    this.#isInSnapshot = this.#hasSnapshot
    this.#isWhole = true
  }

  /** @returns the changes, in their order. */
  accept(message: Message): Change | null {
    if (isChange(message)) {
      if (this.#isInSnapshot) this.#acceptSnapshotRow(message)
      else this.#acceptChange(message)
      return message
    }
    this.#acceptControl(message)
    return null
  }

  /** What an answer says of where it ends. */
  arrive(text: string): void {
    const offset = parseOffset(text)
    must(offset !== null && typeof offset === 'object', 'electric-offset is an offset', text)
    must(this.#at === null || compareOffsets(offset, this.#at) >= 0, 'offsets never go back', {
      text,
      at: this.offset,
    })
    this.#at = offset
  }

  #acceptSnapshotRow(change: Change): void {
    const { operation, lsn, txids, last } = change.headers
    must(operation === 'insert', 'a snapshot is made of inserts', change)
    must(lsn === undefined && txids === undefined && last === undefined, 'its rows have no position', change)
  }

  #acceptChange(change: Change): void {
    const { lsn, op_position: op, txids, last } = change.headers
    must(lsn !== undefined && op !== undefined, 'a change has a position', change)
    must(txids?.length === 1 && Number.isInteger(txids[0]), 'a change names its transaction', change)
    const offset = { tx: BigInt(lsn), op }
    const at = this.#at ?? { tx: 0n, op: -1 }
    must(compareOffsets(offset, at) > 0, 'each change comes after the one before', {
      change,
      at: this.offset,
    })
    must(this.#isWhole || offset.tx === at.tx, 'a transaction is read to its end', {
      change,
      at: this.offset,
    })
    must(!this.#isWhole || offset.tx > at.tx, 'nothing follows the last change of a transaction', {
      change,
      at: this.offset,
    })
    must(last === undefined || last === true, '`last` is true or absent', change)
    this.#isWhole = last === true
    this.#at = offset
  }

  #acceptControl({ headers }: Control): void {
    if (headers.control === 'snapshot-end') {
      must(this.#isInSnapshot, 'a snapshot ends once', headers)
      must(/^\d+$/.test(headers.xmin ?? '') && /^\d+$/.test(headers.xmax ?? ''), 'it names its view', headers)
      must(Array.isArray(headers.xip_list), 'it names what was under way', headers)
      this.#isInSnapshot = false
      return
    }
    must(headers.control === 'up-to-date', 'a 200 carries no other control messages', headers)
    must(!this.#isInSnapshot, 'one is up to date after the whole snapshot', headers)
    must(this.#isWhole, 'one is up to date between transactions', headers)
    must(/^\d+$/.test(headers.global_last_seen_lsn ?? ''), 'it says how far the stream was read', headers)
  }
}
