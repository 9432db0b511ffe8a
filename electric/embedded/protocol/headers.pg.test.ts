import { randomUUID } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { get, sync } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'
import { ask } from './raw-http.ts'

let items: Items

beforeAll(async () => {
  items = await startItems({ cacheMaxAgeSeconds: 1, cacheStaleAgeSeconds: 3, sseTimeoutMs: 5_000 })
})

afterAll(() => items?.stop())

const MANDATORY = ['electric-handle', 'electric-offset', 'electric-has-data', 'etag', 'cache-control']

describe('headers of a read (sections 2 and 9)', () => {
  test('each stands where it belongs', async () => {
    const owner = randomUUID()
    await items.insert(owner)
    const { responses, last } = await sync(items.electric, owned(owner))
    const first = responses[0]?.headers
    for (const name of MANDATORY) expect(first?.has(name), name).toBe(true)
    expect(JSON.parse(first?.get('electric-schema') ?? '')).toEqual({
      id: { type: 'uuid', pk_index: 0, not_null: true },
      owner: { type: 'uuid' },
      size: { type: 'int4', not_null: true },
      done: { type: 'bool' },
      title: { type: 'text' },
    })
    expect(first?.get('content-type')).toBe('application/json; charset=utf-8')
    expect(first?.has('electric-up-to-date')).toBe(false)
    expect(first?.get('electric-has-data')).toBe('true')
    expect(first?.get('etag')).toBe(`"${last.handle}:-1:0_0"`)
    expect(last.headers.get('electric-up-to-date')).toBe('')
    expect(last.headers.get('electric-has-data')).toBe('true')
    expect(last.headers.has('electric-schema')).toBe(true)
    for (const { headers } of responses) expect(headers.has('electric-cursor')).toBe(false)
    for (const { headers } of responses) expect(headers.has('electric-snapshot')).toBe(false)
  })

  test('a live answer has a cursor and no schema', async () => {
    const owner = randomUUID()
    const { last } = await sync(items.electric, owned(owner))
    const waiting = items.live(owned(owner), last)
    await items.insert(owner)
    const changed = await waiting
    const timedOut = await items.live(owned(owner), changed)
    for (const { headers } of [changed, timedOut]) {
      for (const name of MANDATORY) expect(headers.has(name), name).toBe(true)
      expect(headers.get('electric-cursor')).toMatch(/^\d+$/)
      expect(headers.has('electric-schema')).toBe(false)
      expect(headers.get('electric-up-to-date')).toBe('')
    }
    expect(changed.headers.get('electric-has-data')).toBe('true')
    expect(changed.headers.get('etag')).toBe(`"${last.handle}:0_inf:${changed.offset}"`)
    expect(timedOut.headers.get('electric-has-data')).toBe('false')
    expect(timedOut.offset).toBe(changed.offset)
  })

  test('caches are told how long an answer holds', async () => {
    const owner = randomUUID()
    const { responses, last } = await sync(items.electric, owned(owner))
    const caching = async (params: Record<string, string>) =>
      (await get(items.electric, { ...owned(owner), ...params })).headers.get('cache-control')
    expect(responses[0]?.headers.get('cache-control')).toBe(
      'public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746',
    )
    expect(last.headers.get('cache-control')).toBe('public, max-age=1, stale-while-revalidate=3')
    expect(await caching({ offset: 'now' })).toBe('public, max-age=1, stale-while-revalidate=3')
    const { handle, offset } = last
    expect(await caching({ handle, offset, live: 'true' })).toBe(
      'public, max-age=5, stale-while-revalidate=5',
    )
    expect(await caching({ handle: '1-1', offset })).toBe('public, max-age=60, must-revalidate')
    expect(await caching({ offset: 'now', subset__where: 'true' })).toBe('no-cache')
    const sse = await ask(
      items.electric.url,
      `/v1/shape?${new URLSearchParams({ ...owned(owner), handle, offset, live: 'true', live_sse: 'true' })}`,
      { method: 'HEAD' },
    )
    expect(sse.headers['cache-control']).toBe('public, max-age=4')
  })

  test('a cursor that the client has had is followed by another', async () => {
    const owner = randomUUID()
    const { last } = await sync(items.electric, owned(owner))
    const first = await items.live(owned(owner), last)
    const cursor = first.headers.get('electric-cursor') ?? ''
    const second = await items.live({ ...owned(owner), cursor }, first)
    expect(Number(second.headers.get('electric-cursor'))).toBeGreaterThan(Number(cursor))
  })
})

describe('etags (sections 2 and 9)', () => {
  const again = (params: Record<string, string>, tags: string) =>
    get(items.electric, params, { headers: { 'if-none-match': tags } })

  test('whoever has the answer is told so, without a body and a schema', async () => {
    const owner = randomUUID()
    const { responses, last, handle } = await sync(items.electric, owned(owner))
    const first = await again({ ...owned(owner), offset: '-1' }, responses[0]?.headers.get('etag') ?? '')
    expect([first.status, first.body, first.offset]).toEqual([304, null, '0_0'])
    const params = { ...owned(owner), handle, offset: '0_0' }
    const second = await again(params, `"x", ${last.headers.get('etag')}`)
    expect([second.status, second.body]).toEqual([304, null])
    expect([second.handle, second.offset]).toEqual([handle, '0_inf'])
    expect(second.headers.get('electric-up-to-date')).toBe('')
    expect(second.headers.get('etag')).toBe(last.headers.get('etag'))
    expect(second.headers.get('cache-control')).toBe(last.headers.get('cache-control'))
    expect(second.headers.has('electric-schema')).toBe(false)
    expect((await again(params, `W/${last.headers.get('etag')}`)).status).toBe(304)
    await items.insert(owner)
    await expect.poll(async () => (await again(params, last.headers.get('etag') ?? '')).status).toBe(200)
  })

  test('what carries no change is never the same twice', async () => {
    const owner = randomUUID()
    const { last } = await sync(items.electric, owned(owner))
    const tags: (string | null)[] = []
    for (const params of [{ offset: 'now' }, { handle: last.handle, offset: '0_inf', live: 'true' }]) {
      for (let n = 0; n < 2; n++) {
        const { status, headers } = await again({ ...owned(owner), ...params }, tags.join(', '))
        expect(status).toBe(200)
        tags.push(headers.get('etag'))
      }
    }
    expect(new Set(tags).size).toBe(4)
    for (const tag of tags) expect(tag).toMatch(/^"[^"]*:0_inf:\d+"$/)
  })

  test('a subset has none', async () => {
    const { headers } = await get(items.electric, {
      ...owned(randomUUID()),
      offset: 'now',
      subset__where: 'true',
    })
    expect(headers.has('etag')).toBe(false)
    expect(headers.has('electric-has-data')).toBe(false)
  })
})

describe('packing (section 2)', () => {
  test('a large answer is packed for whoever can unpack it', async () => {
    const owner = randomUUID()
    for (let size = 0; size < 20; size++) await items.insert(owner, size, 'words '.repeat(20))
    const path = `/v1/shape?${new URLSearchParams({ ...owned(owner), offset: '-1' })}`
    const read = (encoding: string | null, method = 'GET') =>
      ask(items.electric.url, path, {
        method,
        headers: encoding === null ? {} : { 'accept-encoding': encoding },
      })
    const plain = await read(null)
    expect(plain.headers.vary).toBe('accept-encoding')
    expect(plain.headers).not.toHaveProperty('content-encoding')
    for (const encoding of ['gzip', 'deflate, gzip;q=0.5, br', '*', 'GZIP']) {
      const packed = await read(encoding)
      expect([packed.headers['content-encoding'], packed.headers.vary]).toEqual(['gzip', 'accept-encoding'])
      expect(packed.headers['content-length']).toBe(String(packed.body.length))
      expect(packed.body.length).toBeLessThan(plain.body.length / 2)
      expect(gunzipSync(packed.body)).toEqual(plain.body)
      expect((await read(encoding, 'HEAD')).headers['content-length']).toBe(packed.headers['content-length'])
    }
    for (const encoding of ['identity', 'br', 'gzip;q=0', 'deflate, gzip; q=0.0', 'xgzip']) {
      expect((await read(encoding)).headers, encoding).not.toHaveProperty('content-encoding')
    }
  })

  test('a thousand who are answered together are sent the same packed bytes', async () => {
    const owner = randomUUID()
    const { last } = await sync(items.electric, owned(owner))
    const path = `/v1/shape?${new URLSearchParams({ ...owned(owner), handle: last.handle, offset: last.offset, live: 'true' })}`
    const headers = { 'accept-encoding': 'gzip' }
    const waiting = Array.from({ length: 20 }, () => ask(items.electric.url, path, { headers }))
    const plain = ask(items.electric.url, path)
    await items.insert(owner, 1, 'words '.repeat(1_000))
    for (const answer of await Promise.all(waiting)) {
      expect(answer.headers['content-encoding']).toBe('gzip')
      expect(gunzipSync(answer.body)).toEqual((await plain).body)
    }
  })

  test('a small answer is sent as it is', async () => {
    const path = `/v1/shape?${new URLSearchParams({ ...owned(randomUUID()), offset: '-1' })}`
    const { headers } = await ask(items.electric.url, path, { headers: { 'accept-encoding': 'gzip' } })
    expect(headers).not.toHaveProperty('content-encoding')
    expect(headers.vary).toBe('accept-encoding')
  })
})
