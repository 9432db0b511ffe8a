import { closeSync, fdatasync as fdatasyncWithCallback, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { type Offset, SNAPSHOT_END } from '../shape/offsets.ts'

const fdatasync = promisify(fdatasyncWithCallback)

/** A shape as it stands on disk. */
export interface StoredShape {
  readonly id: number
  readonly handle: string
  /** JSON of what was asked for, from which the definition is made again. */
  readonly request: string
  /** JSON of what the definition came to: another one now means another shape. */
  readonly signature: string
  /** Text of the snapshot's view, null when no transaction that comes can be in it. */
  readonly view: string | null
  readonly viewLsn: bigint
  /** Ends of the snapshot's chunks, one after the other. */
  readonly snapshotEnds: readonly number[]
  readonly logEnd: Offset
  readonly logChunkEnds: readonly Offset[]
  readonly logBytes: number
  readonly openChunkBytes: number
}

export interface StoredEntry {
  readonly offset: Offset
  readonly json: string
}

/** What the process knew when everything up to the position was on disk. */
export interface StoredPosition {
  readonly lsn: bigint
  /** Of the last transaction in the logs. */
  readonly lastCommit: bigint
  /** Streamed transactions that may not be visible in the database yet. */
  readonly unsettled: readonly number[]
  /** Of the last handle: none is given twice, whatever the clock says. */
  readonly lastStamp: number
  /** The cluster, the slot and the publication that the position is one of. */
  readonly source: string
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS position (one INTEGER PRIMARY KEY CHECK (one = 1), json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS shapes (
    id INTEGER PRIMARY KEY, handle TEXT NOT NULL UNIQUE, request TEXT NOT NULL, signature TEXT NOT NULL,
    view TEXT, view_lsn TEXT NOT NULL, snapshot_ends TEXT NOT NULL,
    log_end TEXT NOT NULL, log_chunk_ends TEXT NOT NULL, log_bytes INTEGER NOT NULL, open_chunk_bytes INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS log (shape INTEGER NOT NULL, tx INTEGER NOT NULL, op INTEGER NOT NULL, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS snapshots (shape INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE UNIQUE INDEX IF NOT EXISTS log_offset ON log (shape, tx, op);
`
const VERSION = 1
const FREE_PAGES_A_TIME = 4_000

/** Definitions, positions and logs in one SQLite file: what one flush writes is there whole or not at all. */
export class ShapeStore {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #walFile: number | null

  /** @param file `:memory:` for what nothing outlives. @throws when it is no such database or in use. */
  constructor(file: string) {
    this.#db = new DatabaseSync(file)
    try {
      // Exclusive: a second process on the same folder is refused here and not when it has done harm.
      this.#db.exec(
        'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL',
      )
      // A commit outlives the process; `sync` makes it outlive the machine, without holding anybody up.
      this.#db.exec(
        'PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8000',
      )
      this.#migrate()
      this.#walFile = file === ':memory:' ? null : openSync(`${file}-wal`, 'r+')
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  close(): void {
    if (this.#walFile !== null) closeSync(this.#walFile)
    this.#db.close()
  }

  /** Resolves when all that was committed before is on the disk itself. */
  async sync(): Promise<void> {
    if (this.#walFile !== null) await fdatasync(this.#walFile)
  }

  /** All of the work is done when this returns, or nothing of it. */
  transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (error) {
      // On a full disk it was rolled back already.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  position(): StoredPosition | null {
    const row = this.#one('SELECT json FROM position')
    if (!row) return null
    const { lsn, lastCommit, ...rest } = JSON.parse(String(row.json))
    return { ...rest, lsn: BigInt(lsn), lastCommit: BigInt(lastCommit) }
  }

  setPosition({ lsn, lastCommit, ...rest }: StoredPosition): void {
    const json = JSON.stringify({ ...rest, lsn: String(lsn), lastCommit: String(lastCommit) })
    this.#run('INSERT OR REPLACE INTO position VALUES (1, ?)', json)
  }

  shapes(): StoredShape[] {
    return this.#prepared('SELECT * FROM shapes ORDER BY id').all().map(toShape)
  }

  putShape(shape: StoredShape): void {
    this.#run(
      'INSERT OR REPLACE INTO shapes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      shape.id,
      shape.handle,
      shape.request,
      shape.signature,
      shape.view,
      String(shape.viewLsn),
      JSON.stringify(shape.snapshotEnds),
      offsetText(shape.logEnd),
      shape.logChunkEnds.map(offsetText).join(' '),
      shape.logBytes,
      shape.openChunkBytes,
    )
  }

  removeShape(id: number): void {
    this.#run('DELETE FROM shapes WHERE id = ?', id)
    this.#run('DELETE FROM log WHERE shape = ?', id)
    this.#run('DELETE FROM snapshots WHERE shape = ?', id)
  }

  removeAll(): void {
    this.#db.exec('DELETE FROM shapes; DELETE FROM log; DELETE FROM snapshots; DELETE FROM position')
  }

  putSnapshot(shape: number, bytes: Buffer): void {
    this.#run('INSERT OR REPLACE INTO snapshots VALUES (?, ?)', shape, bytes)
  }

  snapshot(shape: number): Buffer {
    const bytes = this.#prepared('SELECT bytes FROM snapshots WHERE shape = ?').get(shape)?.bytes
    if (!(bytes instanceof Uint8Array)) throw new Error('A snapshot is not in storage.')
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Of each shape whose snapshot is here. */
  snapshotSizes(): ReadonlyMap<number, number> {
    const rows = this.#prepared('SELECT shape, length(bytes) AS size FROM snapshots').all()
    return new Map(rows.map(({ shape, size }) => [Number(shape), Number(size)]))
  }

  append(shape: number, { offset, json }: StoredEntry): void {
    this.#run('INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?)', shape, offset.tx, offset.op, json)
  }

  /** Entries after one offset up to another, in order, as many as asked for. */
  entries(shape: number, after: Offset, upTo: Offset, limit: number): StoredEntry[] {
    const statement = this.#prepared(
      `SELECT tx, op, json FROM log WHERE shape = ? AND (tx, op) > (?, ?) AND (tx, op) <= (?, ?)
       ORDER BY tx, op LIMIT ?`,
    )
    statement.setReadBigInts(true)
    const rows = statement.all(shape, after.tx, opNumber(after), upTo.tx, opNumber(upTo), limit)
    return rows.map((row) => ({
      offset: { tx: row.tx as bigint, op: Number(row.op) }, // read as big integers
      json: String(row.json),
    }))
  }

  /** Gives the space of what was removed back, a part at a time. */
  shrink(): void {
    this.#db.exec(`PRAGMA incremental_vacuum(${FREE_PAGES_A_TIME})`)
  }

  #migrate(): void {
    const version = Number(this.#one('PRAGMA user_version')?.user_version ?? 0)
    if (version > VERSION) throw new Error(`Its format ${version} is newer than this program's ${VERSION}.`)
    this.#db.exec(`${SCHEMA} PRAGMA user_version = ${VERSION}`)
  }

  #one(text: string) {
    return this.#prepared(text).get()
  }

  #run(text: string, ...values: SQLInputValue[]): void {
    this.#prepared(text).run(...values)
  }

  #prepared(text: string): StatementSync {
    const known = this.#statements.get(text)
    if (known) return known
    const statement = this.#db.prepare(text)
    this.#statements.set(text, statement)
    return statement
  }
}

function toShape(row: Record<string, unknown>): StoredShape {
  return {
    id: Number(row.id),
    handle: String(row.handle),
    request: String(row.request),
    signature: String(row.signature),
    view: row.view === null ? null : String(row.view),
    viewLsn: BigInt(String(row.view_lsn)),
    snapshotEnds: JSON.parse(String(row.snapshot_ends)),
    logEnd: parseOffsetText(String(row.log_end)),
    logChunkEnds: String(row.log_chunk_ends).split(' ').filter(Boolean).map(parseOffsetText),
    logBytes: Number(row.log_bytes),
    openChunkBytes: Number(row.open_chunk_bytes),
  }
}

function offsetText({ tx, op }: Offset): string {
  return op === Number.POSITIVE_INFINITY ? 'end' : `${tx}_${op}`
}

function parseOffsetText(text: string): Offset {
  if (text === 'end') return SNAPSHOT_END
  const [tx = '0', op = '0'] = text.split('_')
  return { tx: BigInt(tx), op: Number(op) }
}

// SQLite has no infinity among its integers; no transaction has so many changes.
function opNumber({ op }: Offset): number {
  return Math.min(op, Number.MAX_SAFE_INTEGER)
}
