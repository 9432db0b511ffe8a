/**
 * Reads the messages of Postgres's `pgoutput` plugin, protocol version 1, values as text.
 * The replication package's own parser turns values into JavaScript types (microseconds are lost), reads
 * 32-bit ids as signed, and does not tell an unchanged TOAST value from a missing one: hence this one.
 */
export interface StreamedColumn {
  readonly name: string
  readonly typeOid: number
  readonly typeModifier: number
}

export interface StreamedRelation {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly hasFullIdentity: boolean
  readonly columns: readonly StreamedColumn[]
}

/** Values in the order of the relation's columns: Postgres text, or null. */
export type Tuple = readonly (string | null)[]

export type ReplicationMessage =
  | { readonly tag: 'begin'; readonly lsn: bigint; readonly xid: number }
  | { readonly tag: 'commit'; readonly endLsn: bigint }
  | { readonly tag: 'relation'; readonly relation: StreamedRelation }
  | { readonly tag: 'insert'; readonly relation: StreamedRelation; readonly row: Tuple }
  | {
      readonly tag: 'update'
      readonly relation: StreamedRelation
      /** Absent when the table's replica identity is not FULL. */
      readonly old: Tuple | null
      readonly row: Tuple
    }
  | { readonly tag: 'delete'; readonly relation: StreamedRelation; readonly old: Tuple | null }
  | { readonly tag: 'truncate'; readonly oids: readonly number[] }
  | { readonly tag: 'other' }

const OTHER: ReplicationMessage = { tag: 'other' }

/** Keeps the relations announced on one connection: a new connection needs a new parser. */
export class PgoutputParser {
  readonly #relations = new Map<number, StreamedRelation>()

  parse(bytes: Buffer): ReplicationMessage {
    const reader = new Reader(bytes)
    const kind = String.fromCharCode(reader.uint8())
    switch (kind) {
      case 'B':
        return parseBegin(reader)
      case 'C':
        reader.skip(1 + 8) // flags, and the position already given by begin
        return { tag: 'commit', endLsn: reader.uint64() }
      case 'R':
        return this.#parseRelation(reader)
      case 'I':
        return this.#parseInsert(reader)
      case 'U':
        return this.#parseUpdate(reader)
      case 'D':
        return this.#parseDelete(reader)
      case 'T':
        return parseTruncate(reader)
      case 'O': // origin
      case 'Y': // type
      case 'M': // logical message
        return OTHER
      default:
        throw new Error(`Unknown pgoutput message ${JSON.stringify(kind)}.`)
    }
  }

  #parseRelation(reader: Reader): ReplicationMessage {
    const oid = reader.uint32()
    const schema = reader.name()
    const name = reader.name()
    const hasFullIdentity = reader.uint8() === 0x66 // 'f'
    const columns = Array.from({ length: reader.uint16() }, () => {
      reader.skip(1) // key flag: set on every column under FULL
      return { name: reader.name(), typeOid: reader.uint32(), typeModifier: reader.int32() }
    })
    // An empty schema name stands for pg_catalog.
    const relation = { oid, schema: schema || 'pg_catalog', name, hasFullIdentity, columns }
    this.#relations.set(oid, relation)
    return { tag: 'relation', relation }
  }

  #parseInsert(reader: Reader): ReplicationMessage {
    const relation = this.#relation(reader.uint32())
    reader.skip(1) // 'N'
    return { tag: 'insert', relation, row: reader.tuple(null) }
  }

  #parseUpdate(reader: Reader): ReplicationMessage {
    const relation = this.#relation(reader.uint32())
    const kind = String.fromCharCode(reader.uint8())
    if (kind === 'N') return { tag: 'update', relation, old: null, row: reader.tuple(null) }
    const before = reader.tuple(null)
    reader.skip(1) // 'N'
    const old = kind === 'O' ? before : null // 'K' carries the key columns only
    return { tag: 'update', relation, old, row: reader.tuple(old) }
  }

  #parseDelete(reader: Reader): ReplicationMessage {
    const relation = this.#relation(reader.uint32())
    const isWholeRow = String.fromCharCode(reader.uint8()) === 'O'
    return { tag: 'delete', relation, old: isWholeRow ? reader.tuple(null) : null }
  }

  #relation(oid: number): StreamedRelation {
    const relation = this.#relations.get(oid)
    if (!relation) throw new Error(`Relation ${oid} changed before it was announced.`)
    return relation
  }
}

function parseBegin(reader: Reader): ReplicationMessage {
  const lsn = reader.uint64()
  reader.skip(8) // commit time
  return { tag: 'begin', lsn, xid: reader.uint32() }
}

function parseTruncate(reader: Reader): ReplicationMessage {
  const count = reader.uint32()
  reader.skip(1) // options
  return { tag: 'truncate', oids: Array.from({ length: count }, () => reader.uint32()) }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  skip(count: number): void {
    this.#at += count
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4))
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8))
  }

  name(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end === -1) throw new RangeError('A name in a pgoutput message has no end.')
    const text = this.#bytes.toString('utf8', this.#at, end)
    this.#at = end + 1
    return text
  }

  /** @param old where values come from that were stored out of line and did not change. */
  tuple(old: Tuple | null): Tuple {
    const count = this.uint16()
    const values: (string | null)[] = new Array(count)
    for (let index = 0; index < count; index++) values[index] = this.#value(old?.[index] ?? null)
    return values
  }

  #value(unchanged: string | null): string | null {
    const kind = this.uint8()
    if (kind === 0x6e) return null // 'n'
    if (kind === 0x75) return unchanged // 'u'
    if (kind !== 0x74) throw new Error(`Unknown kind of value ${kind} in a pgoutput message.`)
    const length = this.uint32()
    const start = this.#advance(length)
    if (start + length > this.#bytes.length) throw new RangeError('A pgoutput message is cut short.')
    return this.#bytes.toString('utf8', start, start + length)
  }

  #advance(count: number): number {
    const at = this.#at
    this.#at += count
    return at
  }
}
