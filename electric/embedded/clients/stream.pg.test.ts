import { type Offset, Shape, ShapeStream, type ShapeStreamInterface } from '@electric-sql/client'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { killWalSender, until } from '../testing.ts'
import { type Note, type Notes, startNotes, writeAtRandom } from './notes.ts'

let notes: Notes

beforeAll(async () => {
  notes = await startNotes()
})

afterAll(() => notes?.stop())

// The client warns of what it meets here on purpose: shapes that end, and addresses without TLS.
vi.spyOn(console, 'warn').mockImplementation(() => {})

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

interface Position {
  offset?: Offset
  handle?: string
}

type Options = Position & { liveSse?: boolean; subsetMethod?: 'GET' | 'POST'; log?: 'changes_only' }

function open(board: number, options: Options = {}) {
  const controller = new AbortController()
  stops.push(() => controller.abort())
  const stream = new ShapeStream<Note>({
    ...notes.shape(board),
    ...options,
    signal: controller.signal,
  } as never)
  const stop = () => controller.abort()
  return { stream, stop }
}

function follow(board: number, options: Options = {}) {
  const { stream, stop } = open(board, options)
  // The package's types do not agree with each other under exactOptionalPropertyTypes.
  const shape = new Shape(stream as ShapeStreamInterface<Note>)
  const rows = () => shape.currentRows.toSorted((a, b) => a.id - b.id)
  const ids = () => rows().map((row) => row.id)
  return { stream, shape, rows, ids, stop }
}

describe.each([
  ['long-polling', false],
  ['server-sent events', true],
])('the official client by %s', (_name, liveSse) => {
  // Every run on boards of its own.
  const base = liveSse ? 200 : 100

  test('follows a shape through inserts, updates, moves and deletes', async () => {
    const { sql } = notes.database
    const board = base + 1
    await sql`
      INSERT INTO notes SELECT ${board} * 1000 + g, ${board}, repeat('x', 100) FROM generate_series(1, 50) g`
    const { shape, rows, ids } = follow(board, { liveSse })
    expect(await shape.rows).toHaveLength(50)
    const id = (n: number) => board * 1000 + n
    await notes.insert({ id: id(51), board, text: 'new', pinned: true })
    await until(() => ids().includes(id(51)))
    await sql`UPDATE notes SET text = 'changed', pinned = true WHERE id = ${id(7)}`
    await sql`UPDATE notes SET board = -2 WHERE board = ${board} AND id < ${id(5)}`
    await sql`UPDATE notes SET id = ${id(100)} WHERE id = ${id(51)}`
    await sql`DELETE FROM notes WHERE id = ${id(50)}`
    const expected = await notes.rows(board)
    expect(expected).toHaveLength(46)
    await until(() => JSON.stringify(rows()) === JSON.stringify(expected))
  })

  test('has what Postgres has after many changes, while its shape ends again and again', async () => {
    const board = base + 2
    const followers = [follow(board, { liveSse }), follow(board, { liveSse }), follow(board, { liveSse })]
    for (let round = 0; round < 5; round++) {
      await writeAtRandom(notes, board, 60)
      await notes.rotate(board)
      await writeAtRandom(notes, board, 7)
    }
    const expected = JSON.stringify(await notes.rows(board))
    for (const { rows } of followers) await until(() => JSON.stringify(rows()) === expected)
  })

  test('comes back after a truncate and a lost connection', async () => {
    const { sql } = notes.database
    const board = base + 3
    await notes.insert({ id: board * 1000, board, text: 'a', pinned: false })
    const { ids, shape, stream } = follow(board, { liveSse })
    await shape.rows
    const handle = stream.shapeHandle
    await sql.begin(async (transaction) => {
      await transaction`TRUNCATE notes`
      await transaction`INSERT INTO notes VALUES (${board * 1000 + 2}, ${board}, 'c')`
    })
    await until(() => ids().join() === String(board * 1000 + 2))
    expect(stream.shapeHandle).not.toBe(handle)
    await killWalSender(notes.database)
    await notes.insert({ id: board * 1000 + 3, board, text: 'd', pinned: false })
    await until(() => ids().length === 2)
  })

  test('goes on from where it stopped, and is sent only what it missed', async () => {
    const board = base + 4
    for (let n = 0; n < 10; n++)
      await notes.insert({ id: board * 1000 + n, board, text: 'old', pinned: false })
    const before = follow(board, { liveSse })
    await before.shape.rows
    await notes.insert({ id: board * 1000 + 10, board, text: 'seen', pinned: false })
    await until(() => before.ids().length === 11)
    await until(() => before.stream.isUpToDate)
    const { lastOffset, shapeHandle = '' } = before.stream
    before.stop()
    await notes.insert({ id: board * 1000 + 11, board, text: 'missed', pinned: false })
    const { stream } = open(board, { liveSse, offset: lastOffset, handle: shapeHandle })
    const texts: unknown[] = []
    stream.subscribe((messages) => {
      for (const message of messages) if ('value' in message) texts.push(message.value.text)
    })
    await until(() => texts.includes('missed'))
    await notes.insert({ id: board * 1000 + 12, board, text: 'live', pinned: false })
    await until(() => texts.includes('live'))
    // By events the position is that of a transaction, whose changes may come again.
    expect(texts.filter((text) => text !== 'seen')).toEqual(['missed', 'live'])
    expect(stream.shapeHandle).toBe(shapeHandle)
  })

  test('starts afresh when what it would go on from is gone', async () => {
    const board = base + 5
    await notes.insert({ id: board * 1000, board, text: 'a', pinned: false })
    const before = follow(board, { liveSse })
    await before.shape.rows
    const { lastOffset, shapeHandle = '' } = before.stream
    before.stop()
    await notes.rotate(board)
    const { stream } = open(board, { liveSse, offset: lastOffset, handle: shapeHandle })
    const seen: unknown[] = []
    stream.subscribe((messages) => {
      for (const message of messages) seen.push(message.headers.control ?? message.headers.operation)
    })
    await until(() => seen.includes('insert'))
    expect(seen[0]).toBe('must-refetch')
    expect(stream.shapeHandle).not.toBe(shapeHandle)
  })
})

describe.each(['GET', 'POST'] as const)('the official client, parts of a shape by %s', (subsetMethod) => {
  test('come one by one, each change after them once', async () => {
    const board = subsetMethod === 'GET' ? 301 : 302
    const { sql } = notes.database
    await sql`
      INSERT INTO notes SELECT ${board} * 1000 + g, ${board}, 't' || g, g % 2 = 0 FROM generate_series(1, 20) g`
    const { stream } = open(board, { log: 'changes_only', offset: 'now', subsetMethod })
    const rows = new Map<number, unknown>()
    stream.subscribe((messages) => {
      for (const message of messages) {
        if (!('value' in message)) continue
        const { id } = message.value
        const known = rows.get(id)
        if (message.headers.operation === 'delete') rows.delete(id)
        else if (known || message.headers.operation === 'insert')
          rows.set(id, { ...(known ?? {}), ...message.value })
      }
    })
    await until(() => stream.isUpToDate)
    const page = (where: string, params: Record<string, string>) =>
      stream.requestSnapshot({ where, params, orderBy: 'id DESC', limit: 4 })
    const first = await page('pinned = $1', { 1: 'true' })
    expect(first.data.map(({ value }) => value.id)).toEqual([20, 18, 16, 14].map((n) => board * 1000 + n))
    await sql`UPDATE notes SET text = 'changed' WHERE id = ${board * 1000 + 18}`
    const second = await page('pinned = $1 AND id < $2', { 1: 'true', 2: String(board * 1000 + 14) })
    expect(second.data).toHaveLength(4)
    await sql`DELETE FROM notes WHERE id = ${board * 1000 + 20}`
    await until(() => !rows.has(board * 1000 + 20))
    expect(rows.get(board * 1000 + 18)).toMatchObject({ text: 'changed' })
    expect([...rows.keys()].sort((a, b) => a - b)).toEqual(
      [6, 8, 10, 12, 14, 16, 18].map((n) => board * 1000 + n),
    )
  })
})
