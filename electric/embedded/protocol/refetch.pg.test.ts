import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { get, sync } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'

let items: Items

beforeAll(async () => {
  items = await startItems()
})

afterAll(() => items?.stop())

const MUST_REFETCH = [{ headers: { control: 'must-refetch' } }]

describe('must-refetch (section 4.6)', () => {
  test('an unknown handle names the shape to go on with, which exists by then', async () => {
    const owner = randomUUID()
    const unknown = await get(items.electric, { ...owned(owner), handle: '1-1', offset: '0_0' })
    expect([unknown.status, unknown.body]).toEqual([409, MUST_REFETCH])
    expect(unknown.headers.get('cache-control')).toBe('public, max-age=60, must-revalidate')
    expect(unknown.headers.get('etag')).toBe(`"${unknown.handle}::"`)
    for (const name of [
      'electric-offset',
      'electric-schema',
      'electric-has-data',
      'location',
      'surrogate-control',
    ]) {
      expect(unknown.headers.has(name), name).toBe(false)
    }
    expect((await get(items.electric, { ...owned(owner), offset: '-1' })).handle).toBe(unknown.handle)
  })

  test("another shape's handle gives nothing of that shape", async () => {
    const [mine, other] = [randomUUID(), randomUUID()]
    await items.insert(other)
    const { handle } = await sync(items.electric, owned(other))
    for (const more of [
      {},
      { live: 'true' },
      { live: 'true', live_sse: 'true' },
      { subset__where: 'true' },
    ]) {
      const answer = await get(items.electric, { ...owned(mine), handle, offset: '0_0', ...more })
      expect([answer.status, answer.body]).toEqual([409, MUST_REFETCH])
      expect(answer.handle).not.toBe(handle)
    }
  })

  test('a truncated table ends its shapes for good', async () => {
    const owner = randomUUID()
    const before = await sync(items.electric, owned(owner))
    await items.database.sql`TRUNCATE items`
    await expect
      .poll(async () => {
        const { status } = await get(items.electric, {
          ...owned(owner),
          handle: before.handle,
          offset: '0_0',
        })
        return status
      })
      .toBe(409)
    const after = await sync(items.electric, owned(owner))
    expect(after.handle).not.toBe(before.handle)
  })

  test('beyond the limit the shape read longest ago goes, and its handle never comes back', async () => {
    await items.with({ maxShapes: 2 }, async (few) => {
      const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()]
      const first = await sync(few, owned(a))
      await sync(few, owned(b))
      await get(few, { ...owned(a), handle: first.handle, offset: '0_0' })
      await sync(few, owned(c))
      expect((await get(few, { ...owned(a), handle: first.handle, offset: '0_0' })).status).toBe(200)
      await sync(few, owned(b))
      await sync(few, owned(c))
      const gone = await get(few, { ...owned(a), handle: first.handle, offset: '0_0' })
      expect(gone.status).toBe(409)
      expect(gone.handle).not.toBe(first.handle)
    })
  })

  test('a log that outgrows its limit ends its shape', async () => {
    await items.with({ maxLogBytes: 2_000 }, async (tight) => {
      const owner = randomUUID()
      const { handle, last } = await sync(tight, owned(owner))
      let answer = last
      for (let size = 0; size < 20 && answer.status === 200; size++) {
        const next = get(tight, { ...owned(owner), handle, offset: answer.offset, live: 'true' })
        await items.insert(owner, size)
        answer = await next
      }
      expect(answer.status).toBe(409)
    })
  })
})
