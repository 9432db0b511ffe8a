import type { Shape, ShapeTransaction } from '../shape/shape.ts'
import type { ShapeIndex } from '../shape/shape-index.ts'
import {
  deleteMessage,
  insertMessage,
  type TupleLayout,
  type UnfinishedMessage,
  updateMessages,
} from './change-messages.ts'
import type { ReplicationMessage, StreamedRelation, Tuple } from './pgoutput.ts'
import { RecentTransactions } from './recent-transactions.ts'

interface OpenTransaction {
  readonly xid: number
  readonly lsn: bigint
  changes: number
  readonly parts: Map<Shape, TransactionPart>
}

interface TransactionPart {
  messages: UnfinishedMessage[]
  bytes: number
  endsShape: boolean
}

export interface TransactionReaderOptions {
  readonly startLsn: bigint
  readonly lastCommit: bigint
  /** What a process before this one streamed and had not seen in the database yet. */
  readonly unsettled: readonly number[]
  readonly index: ShapeIndex
  readonly deliver: (shape: Shape, transaction: ShapeTransaction) => void
  /** @returns the shapes that end if the table is that of their name now, which an old transaction says of an old table. */
  readonly onRelation: (relation: StreamedRelation) => readonly Shape[]
  /** Of one transaction in one shape: a larger one ends the shape instead of filling memory. */
  readonly maxBytes: number
}

/**
 * Turns the stream into what each shape gets of it. Changes that concern no shape are dropped as they come;
 * the rest is delivered at the commit. A new connection streams again what was not acknowledged: what was
 * delivered already is skipped by its position.
 */
export class TransactionReader {
  /** Position up to which everything is in the shapes' logs. */
  lastLsn: bigint
  /** Of the last transaction delivered. Not the same: the next commit can begin at the very end of what was read. */
  lastCommit: bigint
  /** What may be acknowledged once the logs are stored. */
  received: bigint
  readonly recent: RecentTransactions
  readonly #index: ShapeIndex
  readonly #deliver: (shape: Shape, transaction: ShapeTransaction) => void
  readonly #onRelation: (relation: StreamedRelation) => readonly Shape[]
  readonly #maxBytes: number
  #open: OpenTransaction | null = null

  constructor(options: TransactionReaderOptions) {
    const { startLsn, lastCommit, unsettled, index, deliver, onRelation, maxBytes } = options
    this.lastLsn = startLsn
    this.lastCommit = lastCommit
    this.received = startLsn
    this.recent = new RecentTransactions(unsettled)
    this.#index = index
    this.#deliver = deliver
    this.#onRelation = onRelation
    this.#maxBytes = maxBytes
  }

  /** The connection was lost: the transaction that was under way comes again, whole. */
  interrupt(): void {
    this.#open = null
  }

  /** Postgres sent everything before the position; in the middle of a transaction that says nothing yet. */
  reach(lsn: bigint): void {
    if (this.#open) return
    if (lsn > this.lastLsn) this.lastLsn = lsn
    if (lsn > this.received) this.received = lsn
  }

  read(message: ReplicationMessage): void {
    switch (message.tag) {
      case 'begin':
        this.recent.add(message.xid)
        this.#open = { xid: message.xid, lsn: message.lsn, changes: 0, parts: new Map() }
        return
      case 'commit':
        this.#commit(message.endLsn)
        return
      case 'relation':
        this.#announce(message.relation)
        return
      case 'insert':
        this.#change(message.relation, null, message.row)
        return
      case 'update':
        if (message.old === null) this.#endTable(message.relation.oid)
        this.#change(message.relation, message.old, message.row)
        return
      case 'delete':
        if (message.old === null) this.#endTable(message.relation.oid)
        this.#change(message.relation, message.old, null)
        return
      case 'truncate':
        for (const oid of message.oids) this.#truncate(oid)
        return
      case 'other':
        return
    }
  }

  #commit(endLsn: bigint): void {
    const transaction = this.#open
    this.#open = null
    if (endLsn > this.received) this.received = endLsn
    if (!transaction) return
    const { xid, lsn } = transaction
    if (lsn <= this.lastCommit) return // delivered before the connection was lost
    this.lastCommit = lsn
    // Before delivery: an answer given on the way must not claim less than it carries.
    if (lsn > this.lastLsn) this.lastLsn = lsn
    for (const [shape, { messages, bytes, endsShape }] of transaction.parts) {
      this.#deliver(shape, { xid, lsn, bytes, endsShape, messages: () => messages })
    }
  }

  // Sent before a table's first change, and again after its definition changed.
  #announce(relation: StreamedRelation): void {
    for (const shape of this.#onRelation(relation)) this.#end(shape)
    for (const shape of this.#index.ofTable(relation.oid)) {
      const { schema, name } = shape.definition.relation
      const isRenamed = schema !== relation.schema || name !== relation.name
      if (isRenamed || !relation.hasFullIdentity || !shape.layout(relation)) this.#end(shape)
    }
    for (const shape of this.#index.dependingOn(relation.oid)) {
      if (!relation.hasFullIdentity || !readsTheSame(shape, relation)) this.#end(shape)
    }
  }

  #change(relation: StreamedRelation, old: Tuple | null, row: Tuple | null): void {
    const transaction = this.#open
    if (!transaction) return
    // Counts what concerns no shape too: positions are those within the whole transaction.
    const at = { xid: transaction.xid, lsn: transaction.lsn, op: 2 * transaction.changes++ }
    if (!this.#index.has(relation.oid)) return
    for (const shape of this.#index.dependents(relation, old, row)) this.#end(shape)
    const before = new Set(old ? this.#index.containing(relation, old) : [])
    const after = new Set(row ? this.#index.containing(relation, row) : [])
    for (const shape of before.union(after)) {
      const layout = shape.layout(relation)
      if (!layout || this.#open?.parts.get(shape)?.endsShape) continue // nothing of it is needed any more
      const messages = changeMessages(
        layout,
        at,
        before.has(shape) ? old : null,
        after.has(shape) ? row : null,
      )
      if (messages.length > 0) this.#add(shape, messages)
    }
  }

  #add(shape: Shape, messages: readonly UnfinishedMessage[]): void {
    const part = this.#part(shape)
    if (part.endsShape) return
    for (const { head, tail } of messages) part.bytes += head.length + tail.length
    part.messages.push(...messages)
    if (part.bytes > this.#maxBytes) this.#end(shape)
  }

  #truncate(oid: number): void {
    if (this.#open) this.#open.changes++
    this.#endTable(oid)
  }

  #endTable(oid: number): void {
    for (const shape of this.#index.ofTable(oid)) this.#end(shape)
    for (const shape of this.#index.dependingOn(oid)) this.#end(shape)
  }

  #end(shape: Shape): void {
    const part = this.#part(shape)
    part.endsShape = true
    part.messages = []
  }

  #part(shape: Shape): TransactionPart {
    const known = this.#open?.parts.get(shape)
    if (known) return known
    const part: TransactionPart = { messages: [], bytes: 0, endsShape: false }
    this.#open?.parts.set(shape, part)
    return part
  }
}

/** Whether a table that the shape's predicate reads still has the columns that it was made of. */
function readsTheSame(shape: Shape, { oid, schema, name, columns }: StreamedRelation): boolean {
  const now = columns.map((column) => `${column.typeOid} ${column.name}`)
  return (shape.definition.where?.dependencies ?? []).every(({ relation }) => {
    if (relation.oid !== oid) return true
    const isSameTable = relation.schema === schema && relation.name === name
    const read = relation.columns.filter(({ isPublished }) => isPublished)
    return isSameTable && read.every((each) => now.includes(`${each.typeOid} ${each.name}`))
  })
}

/** A row that moves into the shape is an insert there, one that moves out a delete. */
function changeMessages(
  layout: TupleLayout,
  at: { xid: number; lsn: bigint; op: number },
  old: Tuple | null,
  row: Tuple | null,
): UnfinishedMessage[] {
  if (old && row) return updateMessages(layout, at, old, row)
  if (row) return [insertMessage(layout, at, row)]
  return old ? [deleteMessage(layout, at, old)] : []
}
