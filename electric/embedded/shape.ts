import { finishMessage, layOut, type TupleLayout, type UnfinishedMessage } from './change-messages.ts'
import type { StreamedRelation } from './pgoutput.ts'
import { mustRefetch, type ProtocolError } from './protocol-error.ts'
import type { ShapeDefinition } from './shape-definition.ts'
import { type LogRead, ShapeLog } from './shape-log.ts'
import { SnapshotChunks } from './snapshot-chunks.ts'
import { isContained, type SnapshotView } from './visibility.ts'

/** What one transaction means for one shape. */
export interface ShapeTransaction {
  readonly xid: number
  readonly lsn: bigint
  readonly messages: readonly UnfinishedMessage[]
  /** Truncated, or of other columns now: the shape cannot go on past it. */
  readonly endsShape: boolean
}

/**
 * One shape's snapshot and log. Transactions may arrive from the moment it exists: until the snapshot's view
 * is known they are held, after that those which the view contains are skipped.
 */
export class Shape {
  readonly handle: string
  readonly definition: ShapeDefinition
  readonly snapshot: SnapshotChunks
  readonly log: ShapeLog
  #held: ShapeTransaction[] | null = []
  #heldBytes = 0
  #view: SnapshotView | null = null
  #ending: ProtocolError | null = null
  readonly #watchers = new Set<() => void>()
  #layoutOf: { relation: StreamedRelation; layout: TupleLayout | null } | null = null
  #lastBody: { from: number; to: number; suffix: string; body: Buffer } | null = null

  constructor(handle: string, definition: ShapeDefinition, chunkBytesThreshold: number) {
    this.handle = handle
    this.definition = definition
    this.snapshot = new SnapshotChunks(chunkBytesThreshold)
    this.log = new ShapeLog(chunkBytesThreshold)
  }

  /** What requests that still name this shape are answered; null while it lives. */
  get ending(): ProtocolError | null {
    return this.#ending
  }

  get bytes(): number {
    return this.snapshot.bytes + this.log.bytes + this.#heldBytes
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
      for (const { head, tail } of transaction.messages) this.#heldBytes += head.length + tail.length
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

  addSnapshotRow(json: string): void {
    if (this.snapshot.add(json)) this.#wake()
  }

  completeSnapshot(snapshotEnd: string): void {
    this.snapshot.complete(snapshotEnd)
    this.#wake()
  }

  end(answer: ProtocolError = mustRefetch(null)): void {
    if (this.#ending) return
    this.#ending = answer
    this.#held = null
    this.#heldBytes = 0
    this.#wake()
  }

  /** Calls back, once for all, when there may be something new to read. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** The messages of a part of the log and a last one. A thousand waiting clients share one buffer. */
  body(read: LogRead, lastMessage: string | null): Buffer {
    const suffix = lastMessage ?? ''
    const last = this.#lastBody
    if (last && last.from === read.from && last.to === read.to && last.suffix === suffix) return last.body
    const messages = this.log.messages(read)
    const body = Buffer.from(`[${(lastMessage ? [...messages, lastMessage] : messages).join(',')}]`)
    this.#lastBody = { from: read.from, to: read.to, suffix, body }
    return body
  }

  #isInSnapshot(transaction: ShapeTransaction): boolean {
    if (!this.#view) return false
    // Commits stream in the order of their positions: nothing that follows can be in the snapshot.
    if (transaction.lsn >= this.#view.lsn) this.#view = null
    return this.#view !== null && isContained(this.#view, transaction)
  }

  #append({ lsn, messages }: ShapeTransaction): void {
    messages.forEach((message, index) => {
      const isLast = index === messages.length - 1
      this.log.append({ tx: lsn, op: message.op }, finishMessage(message, isLast))
    })
    if (messages.length > 0) this.#wake()
  }

  #wake(): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const watcher of watchers) watcher()
  }
}
