import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { apply, makeWorld, type World } from '#server/mutations/testing.ts'
import { startStack, type TestApp } from '../testing.ts'
import { type Entry, entryAtEnd, openStream, signToken, textOf } from './testing.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let app: TestApp
let world: World
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack()
  app = await stack.startApp()
  world = await makeWorld(stack.db)
})
afterAll(() => stack.stop())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function open(entries: Entry[], at: TestApp = app, more = {}) {
  const stream = await openStream(at, entries, more)
  closing.push(stream.close)
  return stream
}

const messages = (id: string, endsInMs?: number) =>
  entryAtEnd(app, id, 'chat_messages', world.viewer, world.session_id, endsInMs)
const inbox = (id: string) => entryAtEnd(app, id, 'inbox_entries', world.viewer)
const send = (content: string) =>
  apply(stack.db, world.editor, 'chat_messages.send', {
    id: uuidv7(),
    session_id: world.session_id,
    thread_id: world.thread_id,
    content,
  })

describe('a live stream that runs', () => {
  it('takes on another shape, and goes on with those it has', async () => {
    const stream = await open([await inbox('inbox')])
    expect(await stream.add([await messages('messages')])).toBe(204)
    await send('to both')
    const seen = [await stream.next(), await stream.next()]
    expect(seen.map((frame) => frame?.id).sort()).toEqual(['inbox', 'messages'])
  })

  it('gives one up, and sends nothing of it any more', async () => {
    const stream = await open([await inbox('inbox'), await messages('messages')])
    expect(await stream.drop(['messages', 'unknown'])).toBe(204)
    for (const content of ['one', 'two']) {
      await send(content)
      expect((await stream.next())?.id).toBe('inbox')
    }
  })

  it('ends with its last entry', async () => {
    const stream = await open([await inbox('inbox')])
    expect(await stream.drop(['inbox'])).toBe(204)
    expect(await stream.next()).toBeUndefined()
    expect(await stream.drop(['inbox'])).toBe(404)
  })

  it('answers an entry that may not be added in that entry’s frame', async () => {
    const stream = await open([await inbox('inbox')])
    const good = await messages('messages')
    expect(await stream.add([{ ...good, token: 'junk' }])).toBe(204)
    const refused = await stream.next()
    expect([refused?.id, refused?.status]).toEqual(['messages', 401])
    await send('still here')
    expect((await stream.next())?.id).toBe('inbox')
  })

  it('lets entries live on with a newer token of the same account and session, and with no other', async () => {
    const stream = await open([
      await messages('a', 1500),
      { ...(await messages('b')), id: 'long' },
      await inbox('c'),
    ])
    expect(await stream.renew([await signToken(app, world.owner, world.session_id)])).toBe(204)
    const ended = await open([await messages('ended', 1500)])
    // The frame of the one that was not renewed shows that the time is over.
    expect(await stream.renew([await signToken(app, world.viewer, world.session_id)])).toBe(204)
    expect((await ended.next())?.status).toBe(401)
    await send('after its first token')
    const seen = [await stream.next(), await stream.next(), await stream.next()]
    expect(seen.map((frame) => [frame?.id, frame?.status]).sort()).toEqual([
      ['a', 200],
      ['c', 200],
      ['long', 200],
    ])
  })

  it('is not prolonged by an older token', async () => {
    const stream = await open([await messages('a', 400), await inbox('inbox')])
    expect(await stream.renew([await signToken(app, world.viewer, world.session_id, 200)])).toBe(204)
    const ended = await stream.next()
    expect([ended?.id, ended?.status]).toEqual(['a', 401])
  })

  it('is known to its own process only; another says so', async () => {
    const second = await stack.startApp()
    const stream = await open([await inbox('inbox')])
    expect(await stream.add([await messages('messages')], second)).toBe(404)
  })

  it('carries a thousand shapes', async () => {
    const one = await messages('one')
    const stream = await open(Array.from({ length: 1000 }, (_, n) => ({ ...one, id: `${n}` })))
    await send('to all')
    const ids = new Set<string>()
    while (ids.size < 1000) ids.add((await stream.next())?.id ?? '')
    expect(ids.size).toBe(1000)
  })
})

describe('a live stream that ends with its first answers', () => {
  it('brings what happened in all shapes, and no more', async () => {
    const stream = await open([await inbox('inbox'), await messages('messages')], app, { once: true })
    await send('for this one')
    const seen = [await stream.next(), await stream.next()]
    expect(seen.map((frame) => frame?.id).sort()).toEqual(['inbox', 'messages'])
    expect(await stream.next()).toBeUndefined()
    expect(stream.firstBytes()?.[0]).toBe('{'.charCodeAt(0))
  })

  it('ends without one after a while', async () => {
    const at = await stack.startApp({ proxy: { timing: { onceMs: 50 } } })
    const stream = await open([await inbox('inbox')], at, { once: true })
    expect(await stream.next()).toBeUndefined()
  })
})

describe('a large answer on a live stream', () => {
  const piece = 'x'.repeat(60_000)

  /** Electric, as far as one answer: its body as the test writes it. */
  async function peer(write: (body: { write(text: string): void; end(text: string): void }) => void) {
    let asked = 0
    const server = createServer((request, response) => {
      const headers = { 'electric-handle': '1-1', 'electric-offset': '1_0', 'electric-cursor': '1' }
      const isWaiting = new URL(request.url ?? '', 'http://electric').searchParams.get('offset') === '1_0'
      if (isWaiting) return
      asked++
      response.writeHead(200, headers)
      write({
        write: (text) => response.write(text),
        end: (text) => (text ? response.end(text) : response.destroy()),
      })
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    closing.push(() => {
      server.closeAllConnections()
      return new Promise((closed) => server.close(closed))
    })
    const { port } = server.address() as AddressInfo // listening on TCP
    const at = await stack.startApp({ electricUrl: `http://127.0.0.1:${port}` })
    return { at, asked: () => asked }
  }
  const entry = async (): Promise<Entry> => ({
    id: 'a',
    shape: 'inbox_entries',
    token: await signToken(app, world.owner),
    handle: '1-1',
    offset: '0_0',
  })

  it('comes in pieces as Electric sends it, and is whole at the end', async () => {
    const { at } = await peer((body) => {
      for (let n = 0; n < 30; n++) body.write(piece)
      body.end('end')
    })
    const stream = await open([await entry()], at)
    expect(textOf(await stream.next())).toBe(`${piece.repeat(30)}end`)
  })

  it('that Electric breaks off is void, and asked for again', async () => {
    let isBroken = false
    const { at, asked } = await peer((body) => {
      body.write(piece)
      if (!isBroken) setImmediate(() => body.end(''))
      else body.end('whole')
      isBroken = true
    })
    const stream = await open([await entry()], at)
    expect(textOf(await stream.next())).toBe(`${piece}whole`)
    expect(asked()).toBe(2)
  })
})

describe('a stream', () => {
  it('carries no more than a thousand shapes at a time', async () => {
    const one = await inbox('inbox')
    const many = Array.from({ length: 1000 }, (_, n) => ({ ...one, id: `${n}` }))
    const stream = await open([one])
    expect(await stream.add(many)).toBe(413)
    expect(await stream.add(many.slice(1))).toBe(204)
  })

  it('that is not read is cut off before refusals fill the memory', async () => {
    const stream = await open([await inbox('inbox')])
    const junk = Array.from({ length: 900 }, (_, n) => ({ ...BAD, id: `${n}` }))
    let status = 204
    for (let n = 0; n < 200 && status === 204; n++) status = await stream.add(junk)
    expect(status).toBe(404)
  })
})

const BAD: Entry = { id: '', shape: 'nothing', token: 'junk', handle: '1-1', offset: '0_0' }

describe('a reader who takes nothing', () => {
  it('is cut off after a while, and costs Electric nothing meanwhile', async () => {
    const at = await stack.startApp({ proxy: { timing: { heartbeatMs: 10, stalledMs: 100 } } })
    const one = await entryAtEnd(at, 'a', 'chat_messages', world.viewer, world.session_id)
    const stream = await open(
      Array.from({ length: 900 }, (_, n) => ({ ...one, id: `${n}` })),
      at,
    )
    const metric = async () => {
      const text = await at.ctx.metrics.metrics()
      return Number(/^throughline_proxy_streams (\d+)$/m.exec(text)?.[1])
    }
    expect(await metric()).toBe(1)
    // As much as no system takes in for a reader who does not read.
    for (let n = 0; n < 12 && (await metric()) > 0; n++) await send('y'.repeat(100_000))
    await expect.poll(metric, { timeout: 20_000 }).toBe(0)
    expect(stream.response.status).toBe(200)
  })
})
