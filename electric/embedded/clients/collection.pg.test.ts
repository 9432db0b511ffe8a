import { createCollection, createLiveQueryCollection, eq, gte, like } from '@tanstack/db'
import { electricCollectionOptions } from '@tanstack/electric-db-collection'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { until } from '../testing.ts'
import { type Note, type Notes, startNotes, writeAtRandom } from './notes.ts'

let notes: Notes

beforeAll(async () => {
  notes = await startNotes()
})

afterAll(() => notes?.stop())

// The client warns of what it meets here on purpose: shapes that end, and addresses without TLS.
vi.spyOn(console, 'warn').mockImplementation(() => {})

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Way {
  syncMode: 'eager' | 'on-demand' | 'progressive'
  liveSse: boolean
  subsetMethod: 'GET' | 'POST'
}

const WAYS: Way[] = (['eager', 'on-demand', 'progressive'] as const).flatMap((syncMode) => [
  { syncMode, liveSse: false, subsetMethod: 'GET' },
  { syncMode, liveSse: true, subsetMethod: 'POST' },
])

const boardOf = (way: Way, n: number) =>
  (WAYS.findIndex((each) => each.syncMode === way.syncMode && each.liveSse === way.liveSse) + 1) * 100 + n

function collect(board: number, { syncMode, liveSse, subsetMethod }: Way) {
  const collection = createCollection(
    electricCollectionOptions<Note>({
      id: `board-${board}`,
      syncMode,
      shapeOptions: { ...notes.shape(board), liveSse, subsetMethod },
      getKey: (note) => note.id,
      onInsert: async ({ transaction }) => ({ txid: await notes.insert(transaction.mutations[0].modified) }),
    }),
  )
  cleanups.push(() => collection.cleanup())
  return collection
}

type Collected = ReturnType<typeof collect>

/** The notes that a screen shows: in on-demand mode, asking is what loads them. */
function show(collection: Collected, query: 'all' | 'newest' | 'pinned') {
  const shown = createLiveQueryCollection((q) => {
    const from = q.from({ note: collection })
    if (query === 'pinned') return from.where(({ note }) => eq(note.pinned, true))
    if (query === 'newest') return from.orderBy(({ note }) => note.id, 'desc').limit(5)
    return from.where(({ note }) => gte(note.id, 0))
  })
  cleanups.push(() => shown.cleanup())
  return shown
}

const sorted = (rows: Iterable<Note>) =>
  [...rows].map(({ id, board, text, pinned }) => ({ id, board, text, pinned })).sort((a, b) => a.id - b.id)

describe.each(WAYS)('a collection, $syncMode, events $liveSse, subsets by $subsetMethod', (way) => {
  test('shows what Postgres has, before and after changes', async () => {
    const board = boardOf(way, 1)
    await notes.database.sql`
      INSERT INTO notes SELECT ${board} * 1000000 + g, ${board}, repeat('x', 90), g % 3 = 0 FROM generate_series(1, 60) g`
    const collection = collect(board, way)
    const [all, newest, pinned] = [
      show(collection, 'all'),
      show(collection, 'newest'),
      show(collection, 'pinned'),
    ]
    await Promise.all([all.preload(), newest.preload(), pinned.preload()])
    const expectSame = async () => {
      const rows = await notes.rows(board)
      await until(() => JSON.stringify(sorted(all.values())) === JSON.stringify(rows))
      const pinnedRows = rows.filter((row) => row.pinned)
      await until(() => JSON.stringify(sorted(pinned.values())) === JSON.stringify(pinnedRows))
      await until(() => JSON.stringify(sorted(newest.values())) === JSON.stringify(rows.slice(-5)))
    }
    await expectSame()
    await writeAtRandom(notes, board, 60)
    await expectSame()
  })

  test('drops its optimistic row for the synced one, by txid', async () => {
    const board = boardOf(way, 2)
    const collection = collect(board, way)
    const all = show(collection, 'all')
    await all.preload()
    const id = board * 1_000_000
    const transaction = collection.insert({ id, board, text: 'mine', pinned: false })
    expect(collection.has(id)).toBe(true)
    await transaction.isPersisted.promise
    expect(sorted(all.values())).toEqual([{ id, board, text: 'mine', pinned: false }])
  })

  test('finds a txid in a snapshot that contains it already, and in the stream', async () => {
    const board = boardOf(way, 3)
    const txid = await notes.insert({ id: board * 1_000_000, board, text: 'before', pinned: false })
    const collection = collect(board, way)
    await show(collection, 'all').preload()
    // A progressive collection does not look at its first snapshot's end.
    if (way.syncMode !== 'progressive') expect(await collection.utils.awaitTxId(txid)).toBe(true)
    const later = await notes.insert({ id: board * 1_000_000 + 1, board, text: 'after', pinned: false })
    expect(await collection.utils.awaitTxId(later)).toBe(true)
  })

  test('has what Postgres has after its shape ended while others wrote', async () => {
    const board = boardOf(way, 4)
    const collection = collect(board, way)
    const all = show(collection, 'all')
    await all.preload()
    for (let round = 0; round < 4; round++) {
      await writeAtRandom(notes, board, 30)
      await notes.rotate(board)
      await writeAtRandom(notes, board, 5)
    }
    const rows = await notes.rows(board)
    await until(() => JSON.stringify(sorted(all.values())) === JSON.stringify(rows))
  })
})

describe('a collection on demand', () => {
  const way = { syncMode: 'on-demand', liveSse: false, subsetMethod: 'POST' } as const

  test('loads only what is asked for', async () => {
    const board = 901
    await notes.database.sql`
      INSERT INTO notes SELECT ${board} * 1000000 + g, ${board}, CASE WHEN g % 10 = 0 THEN 'ten' ELSE 'other' END
      FROM generate_series(1, 100) g`
    const collection = collect(board, way)
    const tens = createLiveQueryCollection((q) =>
      q.from({ note: collection }).where(({ note }) => like(note.text, 't%')),
    )
    cleanups.push(() => tens.cleanup())
    await tens.preload()
    expect(tens.size).toBe(10)
    expect(collection.size).toBe(10)
  })
})
