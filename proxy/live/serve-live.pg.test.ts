import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { apply, makeWorld, type World } from '#server/mutations/testing.ts'
import { ownHeaders, startStack, type TestApp } from '../testing.ts'
import { type Entry, entryAtEnd, openStream, signToken, textOf } from './testing.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let app: TestApp
let world: World
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack({ longPollTimeoutMs: 3000 })
  app = await stack.startApp()
  world = await makeWorld(stack.db)
})
afterAll(() => stack.stop())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const entry = (...[id, shape, ...whose]: [string, string, string, string?, number?]) =>
  entryAtEnd(app, id, shape, ...whose)

async function open(entries: Entry[], at: TestApp = app) {
  const stream = await openStream(at, entries)
  closing.push(stream.close)
  return stream
}

const text = textOf
const send = (content: string, id = uuidv7()) =>
  apply(stack.db, world.editor, 'chat_messages.send', {
    id,
    session_id: world.session_id,
    thread_id: world.thread_id,
    content,
  })

describe('the live stream', () => {
  it('says something at once and may not be kept or collected by anything on its way', async () => {
    const stream = await open([await entry('a', 'inbox_entries', world.owner)])
    await send('hello')
    await stream.next()
    expect(stream.firstBytes()).toEqual(new Uint8Array([0x0a]))
    expect(ownHeaders(stream.response, app)).toEqual({
      'content-type': 'application/octet-stream',
      'cache-control': 'private, no-store, no-transform',
      'x-accel-buffering': 'no',
      'live-stream': expect.stringMatching(/^[\w-]{22}$/),
      'transfer-encoding': 'chunked',
    })
  })

  it('brings what happens in each shape, one change after another, without being asked again', async () => {
    const stream = await open([
      await entry('messages', 'chat_messages', world.viewer, world.session_id),
      await entry('inbox', 'inbox_entries', world.viewer),
    ])
    for (const content of ['one', 'two', 'three']) {
      await send(content)
      const seen = new Map([await stream.next(), await stream.next()].map((frame) => [frame?.id, frame]))
      expect(text(seen.get('messages'))).toContain(`"${content}"`)
      expect(text(seen.get('inbox'))).toContain(`"${content}"`)
      expect(seen.get('messages')?.status).toBe(200)
      expect([...(seen.get('messages')?.headers.keys() ?? [])].sort()).toEqual([
        'content-type',
        'electric-cursor',
        'electric-handle',
        'electric-has-data',
        'electric-offset',
        'electric-up-to-date',
      ])
    }
  })

  it('answers when nothing happens too, before the client takes it for dead', async () => {
    const stream = await open([await entry('a', 'accounts', world.owner)])
    const frame = await stream.next()
    expect(frame?.headers.get('electric-has-data')).toBe('false')
  })

  it('ends an entry that it may not serve with that entry’s error, and goes on with the others', async () => {
    const good = await entry('good', 'chat_messages', world.viewer, world.session_id)
    const other = await makeWorld(stack.db)
    const stream = await open([
      { ...good, id: 'junk', token: 'junk' },
      { ...good, id: 'nothing', shape: 'secrets' },
      { ...good, id: 'foreign', session_id: other.session_id },
      { ...good, id: 'scope', token: await signToken(app, world.viewer) },
      { ...good, id: 'rotated', handle: '1-1' },
      { ...good, id: 'position', offset: 'nowhere' },
      good,
    ])
    const ended: Record<string, number> = {}
    for (let n = 0; n < 6; n++) {
      const frame = await stream.next()
      if (frame) ended[frame.id] = frame.status
    }
    expect(ended).toEqual({ junk: 401, nothing: 404, foreign: 404, scope: 404, rotated: 409, position: 400 })
    await send('still here')
    expect(text(await stream.next())).toContain('still here')
  })

  it('is over when its last entry is', async () => {
    const good = await entry('a', 'inbox_entries', world.owner)
    const stream = await open([{ ...good, handle: '1-1' }])
    expect((await stream.next())?.status).toBe(409)
    expect(await stream.next()).toBeUndefined()
  })

  it('ends an entry when its token ends, and sends nothing of it afterwards', async () => {
    const own = await entry('own', 'chat_messages', world.viewer, world.session_id, 600)
    const stream = await open([own, await entry('other', 'chat_messages', world.owner, world.session_id)])
    const frame = await stream.next()
    expect([frame?.id, frame?.status, JSON.parse(text(frame)).error.code]).toEqual([
      'own',
      401,
      'unauthenticated',
    ])
    await send('after the end')
    expect((await stream.next())?.id).toBe('other')
  })

  it('ends the entries of who was removed, in every instance, and nobody else’s', async () => {
    const mine = await makeWorld(stack.db)
    const second = await stack.startApp()
    const entries = [
      await entry('hers', 'chat_messages', mine.viewer, mine.session_id),
      await entry('others', 'chat_messages', mine.editor, mine.session_id),
    ]
    const streams = [await open(entries), await open(entries, second)]
    await apply(stack.db, mine.owner, 'session_members.remove', {
      session_id: mine.session_id,
      account_id: mine.viewer,
    })
    await apply(stack.db, mine.owner, 'chat_messages.send', {
      id: uuidv7(),
      session_id: mine.session_id,
      thread_id: mine.thread_id,
      content: 'among ourselves',
    })
    for (const stream of streams) {
      const seen = [await stream.next(), await stream.next()]
      const hers = seen.filter((frame) => frame?.id === 'hers')
      expect(hers.map((frame) => frame?.status)).toEqual([401])
      expect(text(seen.find((frame) => frame?.id === 'others'))).toContain('among ourselves')
    }
  })
})

describe('a request for the live stream', () => {
  const send = (body: BodyInit, method = 'POST') =>
    app.answer(new Request('http://localhost/api/live', { method, ...(method !== 'GET' && { body }) }))
  const code = async (response: Response) => {
    const body: { error: { code: string } } = await response.json()
    return [response.status, body.error.code]
  }
  const one = { id: 'a', shape: 'accounts', token: 0, handle: '1', offset: '0_0' }
  const tokens = ['x']

  it.each<[string, unknown]>([
    ['no JSON', '{'],
    ['nothing', ''],
    ['no entries', { tokens }],
    ['an empty list', { tokens, entries: [] }],
    [
      'too many entries',
      { tokens, entries: Array.from({ length: 1001 }, (_, id) => ({ ...one, id: String(id) })) },
    ],
    ['one id twice', { tokens, entries: [one, one] }],
    ['a field that nobody knows', { tokens, entries: [{ ...one, table: 'accounts' }] }],
    ['a where', { tokens, entries: [one], where: 'true' }],
    ['a token of another place', { tokens, entries: [{ ...one, token: 1 }] }],
    ['a session that is none', { tokens, entries: [{ ...one, session_id: 'x' }] }],
    ['an offset longer than any', { tokens, entries: [{ ...one, offset: '1'.repeat(65) }] }],
  ])('with %s is invalid', async (_what, body) => {
    expect(await code(await send(typeof body === 'string' ? body : JSON.stringify(body)))).toEqual([
      400,
      'invalid',
    ])
  })

  it('larger than a megabyte is refused', async () => {
    expect(await code(await send('x'.repeat(1024 * 1024 + 1)))).toEqual([413, 'too_large'])
  })

  it.each(['GET', 'PUT', 'DELETE'])('by %s is refused', async (method) => {
    expect(await code(await send('{}', method))).toEqual([405, 'method_not_allowed'])
  })
})

describe('Electric behind the live stream', () => {
  /** A peer that answers as Electric does, but when and with what the test says. */
  async function peer(answer: (n: number, url: URL) => { status: number; body?: string } | null) {
    const open = new Set<string>()
    let asked = 0
    const server = createServer((request, response) => {
      const n = asked++
      const key = `${n}`
      open.add(key)
      response.once('close', () => open.delete(key))
      const given = answer(n, new URL(request.url ?? '', 'http://electric'))
      if (!given) return
      const headers = { 'electric-handle': '1-1', 'electric-offset': `${n}_0`, 'electric-cursor': String(n) }
      response.writeHead(given.status, headers).end(given.body ?? '[]')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    })
    const { port } = server.address() as AddressInfo // listening on TCP
    const at = await stack.startApp({ electricUrl: `http://127.0.0.1:${port}` })
    return { at, asked: () => asked, open: () => open.size }
  }
  const inbox = async (id = 'a') => ({
    id,
    shape: 'inbox_entries',
    token: await signToken(app, world.owner),
    handle: '1-1',
    offset: '0_0',
  })

  it('is let go, all of it, when the reader goes', async () => {
    const { at, open: waiting } = await peer(() => null)
    const entries = [await inbox('a'), await inbox('b'), await inbox('c')]
    const stream = await open(
      entries.map((each) => ({ ...each, handle: each.id })),
      at,
    )
    await expect.poll(waiting).toBe(3)
    stream.close()
    await expect.poll(waiting).toBe(0)
  })

  it('is not asked for more than a reader that does not read can hold', async () => {
    const body = JSON.stringify('x'.repeat(100_000))
    const { at, asked } = await peer(() => ({ status: 200, body: `[${body}]` }))
    const stream = await open([await inbox()], at)
    await expect.poll(asked).toBeGreaterThan(1)
    let before = -1
    // It comes to rest by itself, long before the endless answers would.
    await expect
      .poll(
        () => {
          const rests = asked() === before
          before = asked()
          return rests
        },
        { interval: 300 },
      )
      .toBe(true)
    // Some megabytes are in the hands of the operating system.
    expect(asked()).toBeLessThan(200)
    const rested = asked()
    for (let n = 0; n < rested; n++) expect((await stream.next())?.status).toBe(200)
    await expect.poll(asked).toBeGreaterThan(rested)
  })

  it('that is briefly away is asked again from here: no browser notices', async () => {
    const { at, asked } = await peer((n) =>
      n === 0 || n === 1 ? { status: 503 } : { status: 200, body: '["back"]' },
    )
    const stream = await open([await inbox()], at)
    expect(text(await stream.next())).toBe('["back"]')
    expect(asked()).toBeGreaterThanOrEqual(3)
  })

  it('that stays away ends the entry as unavailable, with nothing of its address or secret', async () => {
    const at = await stack.startApp({ electricUrl: 'http://127.0.0.1:9' })
    const stream = await open([await inbox()], at)
    const frame = await stream.next()
    expect([frame?.status, frame?.headers.get('retry-after')]).toEqual([503, '1'])
    expect(text(frame)).not.toMatch(/127\.0\.0\.1|secret/)
    expect(await stream.next()).toBeUndefined()
  })
})
