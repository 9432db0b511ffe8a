import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { get, sync, type TestElectric } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'
import { ask } from './raw-http.ts'
import { SseReader } from './sse-reader.ts'

let items: Items

beforeAll(async () => {
  items = await startItems()
})

afterAll(() => items?.stop())

type Params = Record<string, string>

/** An open stream at the end of a new shape. */
async function openAtEnd(electric: TestElectric = items.electric) {
  const owner = randomUUID()
  const { handle, last } = await sync(electric, owned(owner))
  const at = { ...owned(owner), handle, offset: last.offset }
  return { owner, at, sse: await SseReader.open(electric, at) }
}

const insertTogether = (owner: string, count: number) => items.database.sql`
  INSERT INTO items SELECT gen_random_uuid(), ${owner}, g, true, repeat('x', 100) FROM generate_series(1, ${count}) g`

const upToDate = (offset: string) => ({
  headers: { control: 'up-to-date', global_last_seen_lsn: offset.split('_')[0] },
})

describe('server-sent events (section 4.5)', () => {
  test('each commit comes as its messages and an up-to-date, while the stream stays open', async () => {
    const { owner, at, sse } = await openAtEnd()
    const { headers, status } = sse.response
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(headers.get('electric-handle')).toBe(at.handle)
    expect(headers.get('electric-offset')).toBe('0_inf')
    expect(headers.get('electric-up-to-date')).toBe('')
    expect(headers.get('electric-has-data')).toBe('true')
    expect(headers.get('electric-cursor')).toMatch(/^\d+$/)
    expect(headers.get('cache-control')).toBe('public, max-age=59')
    expect(headers.get('connection')).toBe('keep-alive')
    expect(headers.has('electric-schema')).toBe(false)
    for (const count of [1, 3]) {
      await insertTogether(owner, count)
      const messages = await sse.messages()
      const { offset } = await get(items.electric, { ...at, offset: 'now' })
      expect(messages).toHaveLength(count + 1)
      // Anything larger would be a position beyond the end of the log.
      expect(messages.at(-1)).toEqual(upToDate(offset))
    }
    await sse.close()
  })

  test('a larger position of another shape is not told', async () => {
    const { owner, sse } = await openAtEnd()
    await items.insert(owner)
    const [change, end] = await sse.messages()
    await items.insert(randomUUID())
    expect(end?.headers.global_last_seen_lsn).toBe(change?.headers.lsn)
    await sse.close()
  })

  test('many on one shape are sent the same', async () => {
    const { owner, at, sse } = await openAtEnd()
    const others = await Promise.all(Array.from({ length: 20 }, () => SseReader.open(items.electric, at)))
    const id = await items.insert(owner)
    for (const each of [sse, ...others]) {
      expect(await each.messages()).toMatchObject([{ value: { id } }, { headers: { control: 'up-to-date' } }])
      await each.close()
    }
  })

  test('behind the end it sends what there is and closes', async () => {
    const { owner, at, sse } = await openAtEnd()
    await insertTogether(owner, 3)
    await sse.messages()
    await sse.close()
    const late = await SseReader.open(items.electric, at)
    const messages = await late.messages()
    expect(messages).toHaveLength(4)
    const { offset } = await get(items.electric, { ...at, offset: 'now' })
    expect(messages.at(-1)).toEqual(upToDate(offset))
    expect(await late.next()).toBeNull()
  })

  // The client takes its position from the head at once, but drops what no up-to-date follows.
  test('the head names where the client is, and the events go on to the end of the log', async () => {
    await items.with({ chunkBytesThreshold: 1_000 }, async (small) => {
      const { owner, at, sse } = await openAtEnd(small)
      await insertTogether(owner, 10)
      expect(await sse.messages()).toHaveLength(11)
      await sse.close()
      const late = await SseReader.open(small, at)
      expect(late.response.headers.get('electric-offset')).toBe(at.offset)
      expect(late.response.headers.get('electric-up-to-date')).toBe('')
      const { offset } = await get(small, { ...at, offset: 'now' })
      const messages = await late.messages()
      expect(messages).toHaveLength(11)
      expect(messages.at(-1)).toEqual(upToDate(offset))
      expect(await late.next()).toBeNull()
      const chunk = await get(small, { ...at, live: 'true' })
      expect(chunk.headers.has('electric-up-to-date')).toBe(false)
    })
  })

  test('a chunk of a snapshot comes as events too', async () => {
    await items.with({ chunkBytesThreshold: 1_000 }, async (small) => {
      const owner = randomUUID()
      await insertTogether(owner, 10)
      const first = await get(small, { ...owned(owner), offset: '-1' })
      const at = { ...owned(owner), handle: first.handle, offset: first.offset }
      const second = await get(small, at)
      const sse = await SseReader.open(small, at)
      expect(sse.response.headers.get('electric-offset')).toBe('0_1')
      expect(await sse.messages()).toEqual(second.body)
    })
  })

  test('a comment says that a silent stream lives', async () => {
    await items.with({ sseKeepAliveMs: 20 }, async (electric) => {
      const { owner, sse } = await openAtEnd(electric)
      expect(await sse.next()).toBe(': keep-alive')
      expect(await sse.next()).toBe(': keep-alive')
      await items.insert(owner)
      expect(await sse.messages()).toHaveLength(2)
      await sse.close()
    })
  })

  test('it ends after its time', async () => {
    await items.with({ sseTimeoutMs: 50 }, async (electric) => {
      const { sse } = await openAtEnd(electric)
      expect(await sse.next()).toBeNull()
    })
  })

  test('it closes when its shape ends, and the next request hears why', async () => {
    const { at, sse } = await openAtEnd()
    await items.database.sql`TRUNCATE items`
    expect(await sse.next()).toBeNull()
    const answer = await get(items.electric, { ...at, live: 'true', live_sse: 'true' })
    expect([answer.status, answer.body]).toEqual([409, [{ headers: { control: 'must-refetch' } }]])
  })

  test('it is asked for by either name, and the newer one decides', async () => {
    const { at, sse } = await openAtEnd()
    await sse.close()
    const type = async (params: Params) => {
      const query = new URLSearchParams({ ...at, live: 'true', ...params })
      const { headers } = await ask(items.electric.url, `/v1/shape?${query}`, { method: 'HEAD' })
      return headers['content-type']
    }
    expect(await type({ experimental_live_sse: 'true' })).toBe('text/event-stream')
    expect(await type({ experimental_live_sse: '' })).toBe('text/event-stream')
    expect(await type({ experimental_live_sse: 'true', live_sse: 'false' })).toContain('application/json')
    expect(await type({ experimental_live_sse: 'false' })).toContain('application/json')
  })

  test('errors are those of any other read', async () => {
    const { at, sse } = await openAtEnd()
    await sse.close()
    const answer = await get(items.electric, { ...at, live: 'true', live_sse: 'true', columns: 'zzz,id' })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      400,
      'application/json; charset=utf-8',
    ])
    const other = await get(items.electric, { ...at, handle: '1-1', live: 'true', live_sse: 'true' })
    expect(other.status).toBe(409)
  })
})
