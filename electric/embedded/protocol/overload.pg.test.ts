import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { get, startTestElectric, sync, type TestElectric, until } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'
import { layLine } from './postgres-line.ts'
import { SseReader } from './sse-reader.ts'

let items: Items

beforeAll(async () => {
  items = await startItems()
})

afterAll(() => items?.stop())

type Params = Record<string, string>

/** Whether there is no room for one more request about a shape that is known. */
async function isFull(electric: TestElectric, params: Params): Promise<boolean> {
  const { status, body } = await get(electric, params)
  return status === 503 && body.code === 'concurrent_request_limit_exceeded'
}

describe('admission (section 1.1)', () => {
  test('requests that wait take up room, until they are answered or their callers go away', async () => {
    await items.with({ longPollTimeoutMs: 60_000, maxExistingRequests: 1 }, async (small) => {
      const owner = randomUUID()
      const { handle, last } = await sync(small, owned(owner))
      const at = { ...owned(owner), handle, offset: last.offset }
      const controller = new AbortController()
      const gone = expect(
        get(small, { ...at, live: 'true' }, { signal: controller.signal }),
      ).rejects.toThrow()
      await until(() => isFull(small, at))
      const refused = await get(small, at)
      expect(refused.body).toEqual({
        code: 'concurrent_request_limit_exceeded',
        message: 'Concurrent existing request limit exceeded (limit: 1), please retry',
      })
      expect(refused.headers.get('electric-internal-known-error')).toBe('true')
      expect(refused.headers.get('retry-after')).toMatch(/^([6-9]|10)$/)
      expect(refused.headers.get('cache-control')).toBe('no-store')
      controller.abort()
      await gone
      await until(async () => !(await isFull(small, at)))
      const waiting = get(small, { ...at, live: 'true' })
      await until(() => isFull(small, at))
      await items.insert(owner)
      expect((await waiting).changes).toHaveLength(1)
      expect((await get(small, at)).status).toBe(200)
    })
  })

  test('an open stream of events takes up room too', async () => {
    await items.with({ maxExistingRequests: 1 }, async (small) => {
      const owner = randomUUID()
      const { handle, last } = await sync(small, owned(owner))
      const at = { ...owned(owner), handle, offset: last.offset }
      const sse = await SseReader.open(small, at)
      expect(await isFull(small, at)).toBe(true)
      await sse.close()
      await until(async () => !(await isFull(small, at)))
    })
  })

  test('those that name no shape that is known are counted for themselves', async () => {
    await items.with({ maxInitialRequests: 0 }, async (closed) => {
      for (const params of [{ offset: '-1' }, { offset: '0_0', handle: '1-1' }] as Params[]) {
        const { status, body } = await get(closed, { ...owned(randomUUID()), ...params })
        expect([status, body.message]).toEqual([
          503,
          'Concurrent initial request limit exceeded (limit: 0), please retry',
        ])
      }
      expect((await fetch(`${closed.url}/v1/health`)).status).toBe(200)
    })
  })
})

/** What the server has in memory for its open streams of events. */
function watchStreams() {
  const responses: ServerResponse[] = []
  const remember = (message: unknown) => {
    const { response } = message as { response: ServerResponse } // as Node's channel says
    if (response.req.url?.includes('live_sse')) responses.push(response)
  }
  subscribe('http.server.response.created', remember)
  return {
    bytes: () => responses.reduce((sum, response) => sum + response.writableLength, 0),
    stop: () => unsubscribe('http.server.response.created', remember),
  }
}

describe('slow clients', () => {
  test('one that does not read its events piles nothing up, and gets them all when it does', async () => {
    const streams = watchStreams()
    const owner = randomUUID()
    const { handle, last } = await sync(items.electric, owned(owner))
    const at = { ...owned(owner), handle, offset: last.offset }
    const query = new URLSearchParams({ ...at, live: 'true', live_sse: 'true' })
    const outgoing = request(`${items.electric.url}/v1/shape?${query}`, { agent: false }).end()
    const [response]: IncomingMessage[] = await once(outgoing, 'response')
    for (let size = 0; size < 40; size++) await items.insert(owner, size, 'x'.repeat(500_000))
    await until(async () => (await sizesAfter(at)).includes(39))
    expect(streams.bytes()).toBeGreaterThan(0)
    expect(streams.bytes()).toBeLessThan(2_000_000)
    // Of each row its size, without the long text behind it.
    const sizes: number[] = []
    let rest = ''
    for await (const part of response?.setEncoding('utf8') ?? []) {
      const lines = (rest + part).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines)
        sizes.push(...[...line.matchAll(/"size":"(\d+)"/g)].map((match) => Number(match[1])))
      if (sizes.length >= 40) break
    }
    streams.stop()
    expect(sizes).toEqual([...Array(40).keys()])
  })
})

async function sizesAfter(at: Params): Promise<number[]> {
  const sizes: number[] = []
  for (let offset = at.offset ?? ''; ; ) {
    const chunk = await get(items.electric, { ...at, offset })
    sizes.push(...chunk.changes.map(({ value }) => Number(value.size)))
    if (chunk.headers.has('electric-up-to-date')) return sizes
    offset = chunk.offset
  }
}

describe('without a database (section 1.1)', () => {
  test('what waits and what comes is told when to ask again, and goes on when it is back', async () => {
    const storageDir = await mkdtemp(join(tmpdir(), 'electric-line-'))
    const line = await layLine(items.database.electricUrl)
    const options = {
      databaseUrl: line.url,
      storageDir,
      longPollTimeoutMs: 3_000,
      readyTimeoutMs: 100,
      maxExistingRequests: 1,
      replicationStreamId: 'line',
    }
    await items.database.sql`CREATE PUBLICATION electric_publication_line FOR TABLE items`
    const electric = await startTestElectric(items.database, options)
    try {
      await electric.ready
      const owner = randomUUID()
      const { handle, last } = await sync(electric, owned(owner))
      const at = { ...owned(owner), handle, offset: last.offset }
      const waiting = get(electric, { ...at, live: 'true' })
      await until(() => isFull(electric, at))
      line.cut()
      const answer = await waiting
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10'])
      const health = await fetch(`${electric.url}/v1/health`)
      expect([health.status, await health.json()]).toEqual([202, { status: 'starting' }])
      const refused = await get(electric, at)
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
      expect(refused.body).toEqual({ message: expect.any(String) })
      await items.insert(owner)
      line.mend()
      await until(async () => (await fetch(`${electric.url}/v1/health`)).status === 200)
      await until(async () => (await get(electric, at)).changes.length === 1)
    } finally {
      await electric.close()
      await line.close()
      await rm(storageDir, { recursive: true, force: true })
    }
  })
})
