import { Shape, ShapeStream, type ShapeStreamInterface } from '@electric-sql/client'
import { createCollection } from '@tanstack/db'
import { electricCollectionOptions } from '@tanstack/electric-db-collection'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createTable,
  killWalSender,
  startTestDatabase,
  startTestElectric,
  type TestDatabase,
  type TestElectric,
  until,
} from './testing.ts'

interface Note {
  [column: string]: unknown
  id: number
  board: number
  text: string
  pinned: boolean
}

let database: TestDatabase
let electric: TestElectric

beforeAll(async () => {
  database = await startTestDatabase()
  await createTable(
    database.sql,
    'notes',
    'id int PRIMARY KEY, board int8, text text, pinned bool DEFAULT false',
  )
  electric = await startTestElectric(database, { chunkBytesThreshold: 2_000 })
  await electric.ready
})

afterAll(async () => {
  await electric?.close()
  await database?.stop()
})

const board = (id: number) => ({
  url: `${electric.url}/v1/shape`,
  params: { table: 'notes', where: 'board = $1', params: { '1': String(id) } },
  parser: { int8: Number },
})

function follow(id: number) {
  const controller = new AbortController()
  const stream = new ShapeStream<Note>({ ...board(id), signal: controller.signal })
  // The package's types do not agree with each other under exactOptionalPropertyTypes.
  const shape = new Shape(stream as ShapeStreamInterface<Note>)
  const ids = () => shape.currentRows.map((row) => row.id).sort((a, b) => a - b)
  return { stream, shape, ids, stop: () => controller.abort() }
}

test('the official client follows a shape through inserts, updates, moves and deletes', async () => {
  const { sql } = database
  await sql`INSERT INTO notes SELECT g, 1, repeat('x', 100) FROM generate_series(1, 50) g`
  const { shape, ids, stop } = follow(1)
  expect(await shape.rows).toHaveLength(50)
  await sql`INSERT INTO notes VALUES (51, 1, 'new', true)`
  await until(() => ids().includes(51))
  expect(shape.currentRows.find((row) => row.id === 51)).toEqual({
    id: 51,
    board: 1,
    text: 'new',
    pinned: true,
  })
  await sql`UPDATE notes SET text = 'changed', pinned = true WHERE id = 7`
  await sql`UPDATE notes SET board = 2 WHERE id < 5`
  await sql`UPDATE notes SET id = 100 WHERE id = 51`
  await sql`DELETE FROM notes WHERE id = 50`
  await until(() => !ids().includes(50))
  expect(ids()).toEqual([...Array.from({ length: 45 }, (_, index) => index + 5), 100])
  expect(shape.currentRows.find((row) => row.id === 7)).toMatchObject({ text: 'changed', pinned: true })
  stop()
})

test('the official client comes back after must-refetch', async () => {
  const { sql } = database
  await sql`INSERT INTO notes VALUES (200, 3, 'a'), (201, 3, 'b')`
  const { ids, stop, shape, stream } = follow(3)
  await shape.rows
  const handle = stream.shapeHandle
  await sql.begin(async (transaction) => {
    await transaction`TRUNCATE notes`
    await transaction`INSERT INTO notes VALUES (202, 3, 'c')`
  })
  await until(() => ids().join() === '202')
  expect(stream.shapeHandle).not.toBe(handle)
  await killWalSender(database)
  await sql`INSERT INTO notes VALUES (203, 3, 'd')`
  await until(() => ids().join() === '202,203')
  stop()
})

async function insertNote(note: Note): Promise<number> {
  return database.sql.begin(async (transaction) => {
    await transaction`INSERT INTO notes ${transaction(note)}`
    const [row] = await transaction<{ txid: string }[]>`SELECT pg_current_xact_id()::xid::text AS txid`
    return Number(row?.txid)
  })
}

function collect(id: number) {
  return createCollection(
    electricCollectionOptions<Note>({
      id: `board-${id}`,
      shapeOptions: board(id),
      getKey: (note) => note.id,
      onInsert: async ({ transaction }) => {
        const [mutation] = transaction.mutations
        return { txid: await insertNote(mutation.modified) }
      },
    }),
  )
}

test('a collection drops its optimistic row for the synced one, by txid', async () => {
  const collection = collect(4)
  await collection.preload()
  const transaction = collection.insert({ id: 300, board: 4, text: 'mine', pinned: false })
  expect(collection.has(300)).toBe(true)
  await transaction.isPersisted.promise
  expect(collection.get(300)).toMatchObject({ id: 300, board: 4, text: 'mine', pinned: false })
  await collection.cleanup()
})

test('a txid is found in a snapshot that already contains it, and in the stream', async () => {
  const txid = await insertNote({ id: 400, board: 5, text: 'before', pinned: false })
  const collection = collect(5)
  await collection.preload()
  expect(await collection.utils.awaitTxId(txid)).toBe(true)
  const later = await insertNote({ id: 401, board: 5, text: 'after', pinned: false })
  expect(await collection.utils.awaitTxId(later)).toBe(true)
  expect([...collection.keys()].sort()).toEqual([400, 401])
  await collection.cleanup()
})
