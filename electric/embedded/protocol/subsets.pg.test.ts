import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { get, sync } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'

let items: Items

beforeAll(async () => {
  items = await startItems()
})

afterAll(() => items?.stop())

type Params = Record<string, string>

const subset = (params: Params, part: Params) =>
  get(items.electric, {
    ...params,
    ...Object.fromEntries(Object.entries(part).map(([key, value]) => [`subset__${key}`, value])),
  })

describe('subsets (section 3.3)', () => {
  test('part of the rows, as they are now, with what the client needs to place them in time', async () => {
    const owner = randomUUID()
    const ids = [await items.insert(owner, 1), await items.insert(owner, 2), await items.insert(owner, 3)]
    await items.insert(randomUUID(), 2)
    const answer = await subset(
      { ...owned(owner), offset: 'now' },
      { where: 'size > $1', params: '{"1":"1"}', order_by: 'size DESC', limit: '5' },
    )
    expect(answer.status).toBe(200)
    const { snapshot_mark, ...metadata } = answer.body.metadata
    expect(snapshot_mark).toEqual(expect.any(Number))
    expect(metadata).toEqual({
      database_lsn: expect.stringMatching(/^\d+$/),
      xmin: expect.stringMatching(/^\d+$/),
      xmax: expect.stringMatching(/^\d+$/),
      xip_list: [],
    })
    const row = (id: string | undefined, size: string) => ({
      key: `"public"."items"/"${id}"`,
      value: { id, owner, size, done: 'true', title: 'a' },
      headers: { operation: 'insert', relation: ['public', 'items'], snapshot_mark },
    })
    expect(answer.body.data).toEqual([row(ids[2], '3'), row(ids[1], '2')])
  })

  test('headers are those of a read that no cache keeps', async () => {
    const owner = randomUUID()
    const { handle } = await sync(items.electric, owned(owner))
    const { headers } = await subset({ ...owned(owner), handle, offset: '0_inf' }, { where: 'true' })
    expect(headers.get('electric-snapshot')).toBe('true')
    expect(headers.get('electric-handle')).toBe(handle)
    expect(JSON.parse(headers.get('electric-schema') ?? '')).toHaveProperty('id')
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    for (const name of ['etag', 'electric-has-data', 'electric-up-to-date', 'electric-cursor']) {
      expect(headers.has(name), name).toBe(false)
    }
  })

  test('the client goes on from its own position, so that it misses nothing', async () => {
    const owner = randomUUID()
    const { last, handle } = await sync(items.electric, owned(owner))
    const next = items.live(owned(owner), last)
    const id = await items.insert(owner)
    const end = (await next).offset
    const offsetOf = async (offset: string) =>
      (await subset({ ...owned(owner), offset, ...(/_/.test(offset) ? { handle } : {}) }, { where: 'true' }))
        .offset
    expect(await offsetOf('0_inf')).toBe('0_inf')
    expect(await offsetOf(end)).toBe(end)
    expect(await offsetOf('now')).toBe(end)
    expect(await offsetOf('-1')).toBe('0_0')
    const missed = await get(items.electric, { ...owned(owner), handle, offset: '0_inf' })
    expect(missed.changes.map(({ value }) => value.id)).toEqual([id])
  })

  test('it is not held back when live is asked for, and then brings no schema', async () => {
    const owner = randomUUID()
    const { last, handle } = await sync(items.electric, owned(owner))
    for (const live of [{ live: 'true' }, { live: 'true', live_sse: 'true' }] as Params[]) {
      const answer = await subset(
        { ...owned(owner), handle, offset: last.offset, ...live },
        { where: 'true' },
      )
      expect([answer.status, answer.body.data]).toEqual([200, []])
      expect(answer.headers.has('electric-schema')).toBe(false)
    }
  })

  test('any of its parameters makes a subset, also in brackets, also without a value', async () => {
    const params = { ...owned(randomUUID()), offset: 'now' }
    const parts: Params[] = [
      { subset__where: '' },
      { subset__where_expr: '{}' },
      { subset__order_by_expr: 'x' },
      { subset__params: '{}' },
      { 'subset[where]': 'true' },
      { 'subset[order_by]': 'id', 'subset[limit]': '1' },
      { 'subset[where]': 'size = $1', 'subset[params][1]': '1' },
      { subset__where: 'size = $1', 'subset__params[1]': '1' },
    ]
    for (const part of parts) {
      const { status, body } = await get(items.electric, { ...params, ...part })
      expect([status, body.data], JSON.stringify(part)).toEqual([200, []])
    }
  })

  test('an offset beyond the end is out of bounds', async () => {
    const owner = randomUUID()
    const { handle } = await sync(items.electric, owned(owner))
    const answer = await subset({ ...owned(owner), handle, offset: '99999999999999_0' }, { where: 'true' })
    expect([answer.status, answer.body.errors]).toEqual([400, { offset: ['out of bounds for this shape'] }])
  })

  test('it is refused before anything is made for it', async () => {
    const params = { ...owned(randomUUID()), handle: '1-1', offset: '0_0' }
    const answer = await subset(params, { where: 'nobody = 1' })
    expect([answer.status, answer.body.errors.subset]).toEqual([
      400,
      { where: [expect.stringContaining('nobody')] },
    ])
    expect(answer.headers.has('electric-handle')).toBe(false)
  })
})
