import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTable, get, sync } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'

let items: Items

beforeAll(async () => {
  items = await startItems()
  await createTable(items.database.sql, '"Odd ""Table"', '"Key/" text PRIMARY KEY')
})

afterAll(() => items?.stop())

describe('reading a shape (sections 4.1 to 4.4)', () => {
  test('a small shape is one chunk, then up to date, then live', async () => {
    const owner = randomUUID()
    const id = await items.insert(owner, 7)
    const { responses, handle } = await sync(items.electric, owned(owner))
    expect(responses.map(({ offset }) => offset)).toEqual(['0_0', '0_inf'])
    const [first, second] = responses
    expect(first?.body).toEqual([
      {
        key: `"public"."items"/"${id}"`,
        value: { id, owner, size: '7', done: 'true', title: 'a' },
        headers: { operation: 'insert', relation: ['public', 'items'] },
      },
      {
        headers: {
          control: 'snapshot-end',
          xmin: expect.stringMatching(/^\d+$/),
          xmax: expect.stringMatching(/^\d+$/),
          xip_list: [],
        },
      },
    ])
    expect(second?.body).toEqual([
      { headers: { control: 'up-to-date', global_last_seen_lsn: expect.stringMatching(/^\d+$/) } },
    ])
    expect(handle).toMatch(/^\d+-\d{16}$/)
  })

  test('a snapshot that holds nothing still ends', async () => {
    const { responses } = await sync(items.electric, owned(randomUUID()))
    expect(responses[0]?.body).toEqual([{ headers: expect.objectContaining({ control: 'snapshot-end' }) }])
  })

  test('concurrent first requests share one shape, and so do all ways to write it (section 4.8)', async () => {
    const owner = randomUUID()
    const spellings = [
      owned(owner),
      { ...owned(owner), where: '"owner"=$1', table: 'public.items' },
      { ...owned(owner), where: ' OWNER  = $1 ', table: '"items"', unknown: 'x' },
      { ...owned(owner), where: '(owner) = $1', table: '"public".ITEMS' },
    ]
    const handles = await Promise.all(
      spellings.map(async (params) => (await get(items.electric, { ...params, offset: '-1' })).handle),
    )
    expect(new Set(handles).size).toBe(1)
    const others = await Promise.all([
      get(items.electric, { ...owned(owner), offset: '-1', replica: 'full' }),
      get(items.electric, { ...owned(owner), offset: '-1', columns: 'id,owner,size,done,title' }),
      get(items.electric, { ...owned(owner), offset: '-1', log: 'changes_only' }),
    ])
    expect(new Set([handles[0], ...others.map(({ handle }) => handle)]).size).toBe(4)
    const listed = await get(items.electric, {
      ...owned(owner),
      offset: '-1',
      columns: 'title,done,size,owner,id',
    })
    expect(listed.handle).toBe(others[1]?.handle)
  })

  test('a large snapshot comes in chunks that never change', async () => {
    await items.with({ chunkBytesThreshold: 1_000 }, async (small) => {
      const owner = randomUUID()
      for (let size = 0; size < 18; size++) await items.insert(owner, size)
      const { responses, changes, handle } = await sync(small, owned(owner))
      const sizes = changes.map(({ value }) => Number(value.size)).sort((a, b) => a - b)
      expect(sizes).toEqual([...Array(18).keys()])
      expect(responses.map(({ offset }) => offset)).toEqual(['0_0', '0_1', '0_2', '0_3', '0_4', '0_inf'])
      for (const [index, response] of responses.slice(1, -1).entries()) {
        const again = await get(small, { ...owned(owner), handle, offset: `0_${index}` })
        expect(again.body).toEqual(response.body)
      }
    })
  })

  test('a long log comes in chunks that never change, and only the last is up to date', async () => {
    await items.with({ chunkBytesThreshold: 1_000 }, async (small) => {
      const owner = randomUUID()
      const { handle, last } = await sync(small, owned(owner))
      const live = get(small, { ...owned(owner), handle, offset: last.offset, live: 'true' })
      await items.database.sql`
        INSERT INTO items SELECT gen_random_uuid(), ${owner}, g, true, repeat('x', 100) FROM generate_series(1, 9) g`
      const first = await live
      expect(first.headers.has('electric-up-to-date')).toBe(false)
      const chunks = [await get(small, { ...owned(owner), handle, offset: last.offset })]
      while (!chunks.at(-1)?.headers.has('electric-up-to-date')) {
        chunks.push(await get(small, { ...owned(owner), handle, offset: chunks.at(-1)?.offset ?? '' }))
      }
      expect(chunks.length).toBeGreaterThan(2)
      expect(chunks.flatMap(({ changes }) => changes)).toHaveLength(9)
      for (const chunk of chunks.slice(0, -1)) expect(chunk.body).toEqual(chunk.changes)
      await items.insert(owner)
      const again = await get(small, { ...owned(owner), handle, offset: last.offset })
      expect([again.offset, again.body]).toEqual([first.offset, chunks[0]?.body])
    })
  })

  test('now and changes_only carry no rows, but what comes after', async () => {
    const owner = randomUUID()
    await items.insert(owner)
    const now = await get(items.electric, { ...owned(owner), offset: 'now' })
    expect(now.offset).toBe('0_inf')
    expect(now.body).toEqual([{ headers: expect.objectContaining({ control: 'up-to-date' }) }])
    expect(now.headers.get('electric-has-data')).toBe('false')
    const params = { ...owned(owner), log: 'changes_only' }
    const { responses, last } = await sync(items.electric, params)
    expect(responses[0]?.body).toEqual([{ headers: expect.objectContaining({ control: 'snapshot-end' }) }])
    const next = items.live(params, last)
    const id = await items.insert(owner)
    expect((await next).changes.map(({ value }) => value.id)).toEqual([id])
    const after = await get(items.electric, { ...owned(owner), handle: now.handle, offset: now.offset })
    expect(after.changes.map(({ value }) => value.id)).toEqual([id])
  })

  test('now on a shape with a log is the end of that log', async () => {
    const owner = randomUUID()
    const { last } = await sync(items.electric, owned(owner))
    const next = items.live(owned(owner), last)
    await items.insert(owner)
    const { offset } = await next
    const now = await get(items.electric, { ...owned(owner), offset: 'now', handle: 'ignored' })
    expect([now.offset, now.handle]).toEqual([offset, last.handle])
  })

  test('a table with capitals, spaces and quotes in its names is read as it is', async () => {
    const { sql } = items.database
    await sql`INSERT INTO ${sql('Odd "Table')} VALUES ('a/b')`
    const { responses, last } = await sync(items.electric, { table: '"Odd ""Table"' })
    const row = { key: '"public"."Odd "Table"/"a//b"', value: { 'Key/': 'a/b' } }
    expect(responses[0]?.changes[0]).toMatchObject(row)
    const next = items.live({ table: '"Odd ""Table"' }, last)
    await sql`DELETE FROM ${sql('Odd "Table')}`
    expect((await next).changes[0]).toMatchObject(row)
  })
})
