import {
  deleteMessage,
  insertMessage,
  type TupleLayout,
  type UnfinishedMessage,
  updateMessages,
} from './change-messages.ts'
import type { ReplicationMessage, StreamedRelation, Tuple } from './pgoutput.ts'
import { RecentTransactions } from './recent-transactions.ts'
import type { Shape, ShapeTransaction } from './shape.ts'
import type { ShapeIndex } from './shape-index.ts'

interface OpenTransaction {
  readonly xid: number
  readonly lsn: bigint
  changes: number
  readonly parts: Map<Shape, TransactionPart>
}

interface TransactionPart {
  readonly messages: UnfinishedMessage[]
  endsShape: boolean
}

/**
 * Turns the stream of one replication connection into what each shape gets of it.
 * Changes that concern no shape are dropped as they come; the rest is delivered at the commit.
 */
export class TransactionReader {
  /** Position up to which everything is in the shapes' logs. */
  lastLsn: bigint
  readonly recent = new RecentTransactions()
  readonly #index: ShapeIndex
  readonly #deliver: (shape: Shape, transaction: ShapeTransaction) => void
  readonly #onRelation: (relation: StreamedRelation) => void
  #open: OpenTransaction | null = null

  constructor(
    startLsn: bigint,
    index: ShapeIndex,
    deliver: (shape: Shape, transaction: ShapeTransaction) => void,
    onRelation: (relation: StreamedRelation) => void,
  ) {
    this.lastLsn = startLsn
    this.#index = index
    this.#deliver = deliver
    this.#onRelation = onRelation
  }

  /** Postgres sent everything before the position. @returns false in the middle of a transaction. */
  reach(lsn: bigint): boolean {
    if (this.#open) return false
    if (lsn > this.lastLsn) this.lastLsn = lsn
    return true
  }

  /** @returns the position to acknowledge, at a commit. */
  read(message: ReplicationMessage): bigint | null {
    switch (message.tag) {
      case 'begin':
        this.recent.add(message.xid)
        this.#open = { xid: message.xid, lsn: message.lsn, changes: 0, parts: new Map() }
        return null
      case 'commit':
        return this.#commit(message.endLsn)
      case 'relation':
        this.#announce(message.relation)
        return null
      case 'insert':
        this.#change(message.relation, null, message.row)
        return null
      case 'update':
        if (message.old === null) this.#endTable(message.relation.oid)
        this.#change(message.relation, message.old, message.row)
        return null
      case 'delete':
        if (message.old === null) this.#endTable(message.relation.oid)
        this.#change(message.relation, message.old, null)
        return null
      case 'truncate':
        for (const oid of message.oids) this.#truncate(oid)
        return null
      case 'other':
        return null
    }
  }

  #commit(endLsn: bigint): bigint {
    const transaction = this.#open
    this.#open = null
    if (!transaction) return endLsn
    const { xid, lsn } = transaction
    // Before delivery: an answer given on the way must not claim less than it carries.
    if (lsn > this.lastLsn) this.lastLsn = lsn
    for (const [shape, part] of transaction.parts) this.#deliver(shape, { xid, lsn, ...part })
    return endLsn
  }

  // Sent before a table's first change, and again after its definition changed.
  #announce(relation: StreamedRelation): void {
    this.#onRelation(relation)
    for (const shape of this.#index.ofTable(relation.oid)) {
      const { schema, name } = shape.definition.relation
      const isRenamed = schema !== relation.schema || name !== relation.name
      if (isRenamed || !relation.hasFullIdentity || !shape.layout(relation))
        this.#part(shape).endsShape = true
    }
  }

  #change(relation: StreamedRelation, old: Tuple | null, row: Tuple | null): void {
    const transaction = this.#open
    if (!transaction) return
    // Counts what concerns no shape too: positions are those within the whole transaction.
    const at = { xid: transaction.xid, lsn: transaction.lsn, op: 2 * transaction.changes++ }
    if (!this.#index.has(relation.oid)) return
    const before = new Set(old ? this.#index.containing(relation, old) : [])
    const after = new Set(row ? this.#index.containing(relation, row) : [])
    for (const shape of before.union(after)) {
      const layout = shape.layout(relation)
      if (!layout) continue // the announcement ended it
      const messages = changeMessages(
        layout,
        at,
        before.has(shape) ? old : null,
        after.has(shape) ? row : null,
      )
      if (messages.length > 0) this.#part(shape).messages.push(...messages)
    }
  }

  #truncate(oid: number): void {
    if (this.#open) this.#open.changes++
    this.#endTable(oid)
  }

  #endTable(oid: number): void {
    for (const shape of this.#index.ofTable(oid)) this.#part(shape).endsShape = true
  }

  #part(shape: Shape): TransactionPart {
    const known = this.#open?.parts.get(shape)
    if (known) return known
    const part: TransactionPart = { messages: [], endsShape: false }
    this.#open?.parts.set(shape, part)
    return part
  }
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
