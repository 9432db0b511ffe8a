import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import type { Body } from '../http/body.ts'
import { mustRefetch, type ProtocolError } from '../http/protocol-error.ts'
import {
  finishMessage,
  layOut,
  type TupleLayout,
  type UnfinishedMessage,
} from '../replication/change-messages.ts'
import type { StreamedRelation } from '../replication/pgoutput.ts'
import { isContained, type SnapshotView } from '../replication/visibility.ts'
import type { SnapshotChunks } from '../snapshot/snapshot-chunks.ts'
import type { LogRead, ShapeLog } from './shape-log.ts'

/** What one transaction means for one shape. */
export interface ShapeTransaction {
  readonly xid: number
  readonly lsn: bigint
  /** Made when it is known that they are needed, and then by what the shape knows. */
  readonly messages: () => readonly UnfinishedMessage[]
  readonly bytes: number
  /** Truncated, of other columns now, or more than a log may hold: the shape cannot go on past it. */
  readonly endsShape: boolean
}

/** Where a shape's rows and changes are kept. */
export interface ShapeParts {
  readonly snapshot: SnapshotChunks
  readonly log: ShapeLog
  /** Of a shape that was in storage; a new one learns it from its snapshot. */
  readonly view: SnapshotView | null
}

/**
 * One shape's snapshot and log. Transactions may arrive from the moment it exists: until the snapshot's view
 * is known they are held, after that those which the view contains are skipped.
 */
export class Shape {
  readonly id: number
  readonly handle: string
  readonly definition: ShapeDefinition
  readonly snapshot: SnapshotChunks
  readonly log: ShapeLog
  /** Its snapshot outlives the process: what comes is to be stored too. */
  isKept: boolean
  #held: ShapeTransaction[] | null
  #heldBytes = 0
  #view: SnapshotView | null
  #ending: ProtocolError | null = null
  readonly #watchers = new Set<() => void>()
  #layoutOf: { relation: StreamedRelation; layout: TupleLayout | null } | null = null
  // Weakly: the buffer is for those who ask in the same moment, and may be as large as a chunk.
  #lastBody: { read: LogRead; suffix: string; body: WeakRef<Buffer> } | null = null

  constructor(id: number, handle: string, definition: ShapeDefinition, parts: ShapeParts) {
    this.id = id
    this.handle = handle
    this.definition = definition
    this.snapshot = parts.snapshot
    this.log = parts.log
    this.#view = parts.view
    this.isKept = parts.snapshot.isComplete
    this.#held = parts.snapshot.isComplete ? null : []
  }

  /** What requests that still name this shape are answered; null while it lives. */
  get ending(): ProtocolError | null {
    return this.#ending
  }

  /** On disk and in memory. */
  get bytes(): number {
    return this.snapshot.bytes + this.log.bytes + this.#heldBytes
  }

  /** Until the stream has passed what the snapshot contains. */
  get view(): SnapshotView | null {
    return this.#view
  }

  layout(relation: StreamedRelation): TupleLayout | null {
    if (this.#layoutOf?.relation !== relation) {
      this.#layoutOf = { relation, layout: layOut(this.definition, relation.columns) }
    }
    return this.#layoutOf.layout
  }

  /** @returns false when the shape cannot go on and must be removed. */
  apply(transaction: ShapeTransaction): boolean {
    if (this.#ending) return true
    if (this.#held) {
      this.#held.push(transaction)
      this.#heldBytes += transaction.bytes
      return true
    }
    if (this.#isInSnapshot(transaction)) return true
    if (transaction.endsShape) return false
    this.#append(transaction)
    return true
  }

  /** @returns false when a held transaction ends the shape. */
  joinAt(view: SnapshotView): boolean {
    const held = this.#held ?? []
    this.#held = null
    this.#heldBytes = 0
    this.#view = view
    return held.every((transaction) => this.apply(transaction))
  }

  end(answer: ProtocolError = mustRefetch(null)): void {
    if (this.#ending) return
    this.#ending = answer
    this.#held = null
    this.#heldBytes = 0
    this.wake()
  }

  /** Calls back, once for all, when there may be something new to read. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  wake(): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher()
  }

  /** The messages of a part of the log and a last one. A thousand waiting clients share one buffer. */
  body(read: LogRead, lastMessage: string | null): Body {
    const suffix = lastMessage ?? ''
    const last = this.#lastBody
    const known = last && isSame(last.read, read) && last.suffix === suffix ? last.body.deref() : undefined
    if (known) return known
    const messages = this.log.messages(read)
    if (!messages) return { open: () => this.#stream(read, lastMessage) }
    const body = Buffer.from(`[${(lastMessage ? [...messages, lastMessage] : messages).join(',')}]`)
    this.#lastBody = { read, suffix, body: new WeakRef(body) }
    return body
  }

  /** The same without brackets, a page at a time. */
  pages(read: LogRead): Iterable<readonly string[]> {
    return this.log.pages(read)
  }

  async *#stream(read: LogRead, lastMessage: string | null): AsyncIterable<Buffer> {
    let before = '['
    for (const page of this.log.pages(read)) {
      if (page.length === 0) continue
      yield Buffer.from(before + page.join(','))
      before = ','
      // Its storage goes with a shape: what is read then is not the log.
      if (this.#ending) throw this.#ending
    }
    yield Buffer.from(lastMessage ? `${before}${lastMessage}]` : before === '[' ? '[]' : ']')
  }

  #isInSnapshot(transaction: ShapeTransaction): boolean {
    if (!this.#view) return false
    // Commits stream in the order of their positions: nothing that follows can be in the snapshot.
    if (transaction.lsn >= this.#view.lsn) this.#view = null
    return this.#view !== null && isContained(this.#view, transaction)
  }

  #append(transaction: ShapeTransaction): void {
    const messages = transaction.messages()
    messages.forEach((message, index) => {
      const isLast = index === messages.length - 1
      this.log.append({ tx: transaction.lsn, op: message.op }, finishMessage(message, isLast))
    })
    if (messages.length > 0) this.wake()
  }
}

function isSame(a: LogRead, b: LogRead): boolean {
  return (
    a.after.op === b.after.op && a.after.tx === b.after.tx && a.end.op === b.end.op && a.end.tx === b.end.tx
  )
}
