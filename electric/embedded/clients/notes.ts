import type { ElectricOptions } from '../options.ts'
import {
  createTable,
  get,
  startTestDatabase,
  startTestElectric,
  type TestDatabase,
  type TestElectric,
} from '../testing.ts'

export interface Note {
  [column: string]: unknown
  id: number
  board: number
  text: string
  pinned: boolean
}

/** Boards with notes, and a server of their shapes. */
export interface Notes {
  readonly database: TestDatabase
  readonly electric: TestElectric
  /** Options of the official client for one board. */
  shape(board: number): {
    url: string
    params: { table: string; where: string; params: Record<string, string> }
    parser: { int8: NumberConstructor }
  }
  /** @returns the 32-bit transaction id. */
  insert(note: Note): Promise<number>
  /** What Postgres says is on a board, by id. */
  rows(board: number): Promise<Note[]>
  /** Ends the board's shape, and with it what its readers have. */
  rotate(board: number): Promise<void>
  stop(): Promise<void>
}

export async function startNotes(options: Partial<ElectricOptions> = {}): Promise<Notes> {
  const database = await startTestDatabase()
  await createTable(
    database.sql,
    'notes',
    'id int PRIMARY KEY, board int8, text text, pinned bool DEFAULT false',
  )
  const electric = await startTestElectric(database, {
    chunkBytesThreshold: 2_000,
    allowShapeDeletion: true,
    ...options,
  })
  await electric.ready
  return {
    database,
    electric,
    shape: (board) => ({
      url: `${electric.url}/v1/shape`,
      params: { table: 'notes', where: 'board = $1', params: { '1': String(board) } },
      parser: { int8: Number },
    }),
    insert: (note) =>
      database.sql.begin(async (transaction) => {
        await transaction`INSERT INTO notes ${transaction(note)}`
        const [row] = await transaction<{ txid: string }[]>`SELECT pg_current_xact_id()::xid::text AS txid`
        return Number(row?.txid)
      }),
    rows: async (board) => {
      const rows = await database.sql<Note[]>`
        SELECT id, board::int, text, pinned FROM notes WHERE board = ${board} ORDER BY id`
      return [...rows]
    },
    rotate: async (board) => {
      await get(
        electric,
        { table: 'notes', where: 'board = $1', 'params[1]': String(board) },
        { method: 'DELETE' },
      )
    },
    stop: async () => {
      await electric.close()
      await database.stop()
    },
  }
}

/** Changes a board in every way there is, one transaction after another. */
export async function writeAtRandom(notes: Notes, board: number, transactions: number): Promise<void> {
  const { sql } = notes.database
  const first = board * 1_000_000
  for (let n = 0; n < transactions; n++) {
    const id = first + ((n * 7_919) % 40)
    const text = `${n} ${'x'.repeat((n * 31) % 200)}`
    switch (n % 6) {
      case 0:
      case 1:
        await sql`
          INSERT INTO notes VALUES (${id}, ${board}, ${text}) ON CONFLICT (id) DO UPDATE SET text = excluded.text`
        break
      case 2:
        await sql`UPDATE notes SET text = ${text}, pinned = NOT pinned WHERE id BETWEEN ${id - 3} AND ${id}`
        break
      case 3:
        // Off the board, or back onto it.
        await sql`UPDATE notes SET board = CASE board WHEN ${board} THEN -1 ELSE ${board} END WHERE id = ${id}`
        break
      case 4:
        await sql`UPDATE notes SET id = id + 500 WHERE id = ${id} AND NOT EXISTS (SELECT FROM notes WHERE id = ${id + 500})`
        break
      case 5:
        await sql`DELETE FROM notes WHERE id = ${id} OR id = ${id + 500}`
    }
  }
}
