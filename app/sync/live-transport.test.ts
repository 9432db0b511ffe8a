import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeFrame, HEARTBEAT } from '#proxy/live-frames.ts'
import type { LiveEntry } from './live-connection.ts'
import { createLiveTransport, type LiveTransport } from './live-transport.ts'
import { createShapeTokens } from './shape-tokens.ts'

const encoder = new TextEncoder()

/** One streaming answer, as the server at the other end of the network writes it. */
interface Stream {
  entries: LiveEntry[]
  signal: AbortSignal
  write(bytes: Uint8Array): void
  beat(): void
  /** Answers the entry of a shape, and moves it on to an offset. */
  answer(shape: string, offset: string, body?: string, status?: number): void
  frame(shape: string, offset: string, body?: string, status?: number): Uint8Array
  end(): void
  fail(): void
}

/** The network peer: nothing of ours runs in it. */
function createPeer() {
  const streams: Stream[] = []
  const direct: { url: URL; token: string | null; answer(response: Response): void; signal: AbortSignal }[] =
    []
  let tokens = 0
  const peer = {
    streams,
    direct,
    issued: () => tokens,
    last: () => streams.at(-1) as Stream,
    status: { live: 200, token: 200 },
    isDown: false,
    fetch: (async (input, init = {}) => {
      const url = new URL(String(input))
      if (peer.isDown) throw new TypeError('Failed to fetch')
      const signal = init.signal ?? new AbortController().signal
      if (url.pathname === '/shape-tokens') {
        if (peer.status.token !== 200) return new Response(null, { status: peer.status.token })
        return Response.json({ token: `token ${++tokens}`, expires_in: 300 })
      }
      if (url.pathname === '/live') {
        if (peer.status.live !== 200) return new Response(null, { status: peer.status.live })
        return openStream(JSON.parse(String(init.body)).entries, signal)
      }
      return new Promise<Response>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        direct.push({ url, token: new Headers(init.headers).get('authorization'), answer: resolve, signal })
      })
    }) as typeof fetch,
  }
  function openStream(entries: LiveEntry[], signal: AbortSignal): Response {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>(
      undefined,
      undefined,
      {
        highWaterMark: 1000,
      },
    )
    const writer = writable.getWriter()
    writer.closed.catch(() => {})
    signal.addEventListener('abort', () => writer.abort(signal.reason).catch(() => {}))
    const write = (bytes: Uint8Array) => void writer.write(bytes).catch(() => {})
    const frame: Stream['frame'] = (shape, offset, body = '[]', status = 200) =>
      encodeFrame({
        id: entries.find((entry) => entry.shape === shape)?.id ?? '',
        status,
        headers: new Headers({
          'electric-handle': 'h',
          'electric-offset': offset,
          'electric-cursor': offset,
        }),
        body: encoder.encode(body),
      })
    streams.push({
      entries,
      signal,
      write,
      beat: () => write(HEARTBEAT),
      frame,
      answer: (...given) => write(frame(...given)),
      end: () => void writer.close().catch(() => {}),
      fail: () => void writer.abort(new TypeError('network error')).catch(() => {}),
    })
    return new Response(readable)
  }
  return peer
}

let peer: ReturnType<typeof createPeer>
let transport: LiveTransport
let isOnline = true

beforeEach(() => {
  vi.useFakeTimers()
  isOnline = true
  peer = createPeer()
  const tokens = createShapeTokens({ fetch: peer.fetch, url: 'http://app/shape-tokens' })
  transport = createLiveTransport({
    fetch: peer.fetch,
    liveUrl: 'http://app/live',
    tokens,
    isOnline: () => isOnline,
  })
})
afterEach(() => {
  transport.close()
  vi.useRealTimers()
})

const pass = (ms = 20) => vi.advanceTimersByTimeAsync(ms)

async function nextStream(before = peer.streams.length): Promise<void> {
  for (let s = 0; s < 600 && peer.streams.length === before; s++) await pass(100)
  expect(peer.streams.length).toBe(before + 1)
}

/** A client of one shape that asks as Electric's does: from where the last answer left it. */
function follow(shape: string, offset = '0_0', fetch = transport.connect(shape, null)) {
  const client = {
    bodies: [] as string[],
    error: undefined as unknown,
    status: undefined as number | undefined,
    abort: new AbortController(),
    offset,
    ask: async (): Promise<void> => {
      const url = `http://app/shapes/${shape}?live=true&handle=h&offset=${client.offset}&cursor=0`
      try {
        const response = await fetch(url, { signal: client.abort.signal })
        client.status = response.status
        if (!response.ok) return
        client.bodies.push(await response.text())
        client.offset = response.headers.get('electric-offset') ?? ''
        void client.ask()
      } catch (error) {
        client.error = error
      }
    },
    fetch,
  }
  void client.ask()
  return client
}

describe('live requests', () => {
  it('of all shapes go out as one, each from its own position', async () => {
    follow('a', '1_0')
    follow('b', '2_0')
    await pass()
    expect(peer.streams).toHaveLength(1)
    expect(peer.last().entries).toEqual([
      { id: '1', shape: 'a', token: 'token 1', handle: 'h', offset: '1_0', cursor: '0' },
      { id: '2', shape: 'b', token: 'token 1', handle: 'h', offset: '2_0', cursor: '0' },
    ])
    expect(peer.direct).toHaveLength(0)
  })

  it('are answered one after another on the same stream, also faster than they are asked', async () => {
    const a = follow('a')
    await pass()
    for (const n of [1, 2, 3]) peer.last().answer('a', `${n}_0`, `[${n}]`)
    await pass()
    expect(a.bodies).toEqual(['[1]', '[2]', '[3]'])
    expect(peer.streams).toHaveLength(1)
  })

  it('of a shape that comes later join in a new stream, and nobody’s place is lost', async () => {
    const a = follow('a')
    await pass()
    peer.last().answer('a', '1_0', '[1]')
    await pass()
    follow('b')
    await pass()
    expect(peer.streams.map(({ signal }) => signal.aborted)).toEqual([true, false])
    expect(peer.last().entries.map(({ shape, offset }) => [shape, offset])).toEqual([
      ['a', '1_0'],
      ['b', '0_0'],
    ])
    peer.last().answer('a', '2_0', '[2]')
    await pass()
    expect(a.bodies).toEqual(['[1]', '[2]'])
  })

  it('from another position than the stream’s begin there', async () => {
    const a = follow('a')
    await pass()
    a.abort.abort()
    follow('a', '7_0', a.fetch)
    await pass()
    expect(peer.last().entries.map(({ offset }) => offset)).toEqual(['7_0'])
  })

  it('that are taken back reject, and leave the stream unless they are taken up again', async () => {
    const a = follow('a')
    const b = follow('b')
    await pass()
    a.abort.abort()
    b.abort.abort()
    await pass(0)
    expect([a.error, b.error]).toEqual([a.abort.signal.reason, b.abort.signal.reason])
    follow('b', '0_0', b.fetch)
    await pass(500)
    expect(peer.streams).toHaveLength(1)
    await pass(4000)
    expect(peer.last().entries.map(({ shape }) => shape)).toEqual(['b'])
  })

  it('end the stream when none is left', async () => {
    const a = follow('a')
    await pass()
    a.abort.abort()
    await pass(1500)
    expect(peer.last().signal.aborted).toBe(true)
    expect(peer.streams).toHaveLength(1)
  })

  it.each([409, 404, 503])('that end with %i end alone', async (status) => {
    const a = follow('a')
    const b = follow('b')
    await pass()
    peer.last().answer('a', '1_0', '[]', status)
    peer.last().answer('b', '1_0', '[1]')
    await pass()
    expect([a.status, b.bodies]).toEqual([status, ['[1]']])
    expect(peer.last().signal.aborted).toBe(false)
  })

  it('never go without a token, and ordinary requests carry it too', async () => {
    const fetch = transport.connect('a', null)
    const answer = fetch('http://app/shapes/a?offset=-1')
    await pass()
    expect(peer.direct[0]?.token).toBe('Bearer token 1')
    peer.direct[0]?.answer(new Response('[]'))
    expect((await answer).status).toBe(200)
  })
})

describe('a token', () => {
  it('is renewed a minute before its end, and the stream goes on with the new one', async () => {
    const a = follow('a')
    await pass()
    for (let s = 0; s < 240; s += 10) {
      peer.last().answer('a', `${s + 1}_0`, `[${s}]`)
      await pass(10_000)
    }
    await pass(1000)
    expect(peer.last().entries.map(({ token, offset }) => [token, offset])).toEqual([['token 2', '231_0']])
    expect(a.bodies).toHaveLength(24)
  })

  it('that is refused is renewed once without the client’s noticing; twice is the client’s to know', async () => {
    const a = follow('a')
    await pass()
    peer.last().answer('a', '0_0', '', 401)
    await pass()
    expect(peer.last().entries[0]?.token).toBe('token 2')
    expect(a.status).toBeUndefined()
    peer.last().answer('a', '0_0', '', 401)
    await pass()
    expect(a.status).toBe(401)
  })

  it.each([401, 404])('that is not given (%i) ends the shape with that status', async (status) => {
    peer.status.token = status
    const a = follow('a')
    await pass()
    expect(a.status).toBe(status)
    expect(peer.streams).toHaveLength(0)
  })

  it('that an ordinary request was refused with is renewed and the request made again', async () => {
    const answer = transport.connect('a', null)('http://app/shapes/a?offset=-1')
    await pass()
    peer.direct[0]?.answer(new Response(null, { status: 401 }))
    await pass()
    peer.direct[1]?.answer(new Response('[]'))
    expect((await answer).status).toBe(200)
    expect(peer.direct.map(({ token }) => token)).toEqual(['Bearer token 1', 'Bearer token 2'])
  })
})

describe('a stream that breaks', () => {
  it('in the middle of an answer is asked again from the last whole one', async () => {
    const a = follow('a')
    await pass()
    const first = peer.last()
    first.answer('a', '1_0', '[1]')
    const half = first.frame('a', '2_0', '[2]')
    first.write(half.subarray(0, half.length - 2))
    await pass()
    first.fail()
    await pass(500)
    expect(peer.streams).toHaveLength(2)
    expect(peer.last().entries.map(({ offset }) => offset)).toEqual(['1_0'])
    peer.last().answer('a', '2_0', '[2]')
    await pass()
    expect(a.bodies).toEqual(['[1]', '[2]'])
  })

  it.each<[string, (stream: Stream) => void]>([
    ['ends', (stream) => stream.end()],
    ['fails', (stream) => stream.fail()],
    ['carries no frames', (stream) => stream.write(encoder.encode('<html>\n'))],
  ])('because it %s is opened again, less and less often', async (_how, breakIt) => {
    follow('a')
    await pass()
    for (let n = 0; n < 8; n++) {
      peer.last().beat()
      await pass(5)
      breakIt(peer.last())
      await nextStream()
    }
    const before = peer.streams.length
    breakIt(peer.last())
    await pass(5000)
    expect(peer.streams.length).toBe(before)
  })

  it('because it has fallen silent is opened again', async () => {
    follow('a')
    await pass()
    peer.last().beat()
    await pass(24_000)
    expect(peer.streams).toHaveLength(1)
    await pass(2000)
    expect(peer.streams).toHaveLength(2)
  })

  it('is not taken for broken while its heart beats', async () => {
    follow('a')
    await pass()
    for (let n = 0; n < 20; n++) {
      peer.last().beat()
      await pass(10_000)
    }
    expect(peer.streams).toHaveLength(1)
  })

  it('is opened at once when the network is back', async () => {
    follow('a')
    await pass()
    peer.last().beat()
    await pass()
    peer.isDown = true
    peer.last().fail()
    await pass(60_000)
    peer.isDown = false
    const before = peer.streams.length
    transport.networkChanged()
    await pass()
    expect(peer.streams.length).toBe(before + 1)
  })
})

describe('where streams do not get through', () => {
  it('each shape asks for itself, until streaming is worth another try', async () => {
    const a = follow('a')
    await pass(5100)
    expect(peer.direct).toHaveLength(0)
    await pass(5500)
    expect(peer.direct.map(({ url }) => url.searchParams.get('live'))).toEqual(['true'])
    const headers = { 'electric-handle': 'h', 'electric-offset': '1_0', 'electric-cursor': '1' }
    peer.direct[0]?.answer(new Response('[1]', { headers }))
    await pass()
    expect(a.bodies).toEqual(['[1]'])
    expect(transport.connection.getSnapshot()).toBe('live')
    expect(peer.direct).toHaveLength(2)
    await pass(60_000)
    peer.direct[1]?.answer(new Response('[2]', { headers }))
    await pass()
    expect(peer.streams).toHaveLength(3)
  })

  it.each([400, 404, 405, 413])('because the server answers %i, too', async (status) => {
    peer.status.live = status
    follow('a')
    await pass()
    expect(peer.direct).toHaveLength(1)
  })
})

describe('the connection, as the person sees it', () => {
  const states = () => transport.connection.getSnapshot()

  it('is live from the first byte, connecting after a loss, offline when nothing answers', async () => {
    expect(states()).toBe('connecting')
    follow('a')
    await pass()
    expect(states()).toBe('connecting')
    peer.last().beat()
    await pass()
    expect(states()).toBe('live')
    peer.last().end()
    await pass(1)
    expect(states()).toBe('connecting')
    peer.isDown = true
    await pass(3000)
    expect(states()).toBe('offline')
    peer.isDown = false
    await nextStream()
    peer.last().beat()
    await pass()
    expect(states()).toBe('live')
  })

  it('is connecting while a shape is not served, and live once it is', async () => {
    const a = follow('a')
    follow('b')
    await pass()
    peer.last().beat()
    peer.last().answer('a', '1_0', '', 503)
    await pass()
    expect(states()).toBe('connecting')
    void a.ask()
    await pass()
    peer.last().beat()
    await pass(2000)
    expect(states()).toBe('connecting')
    await pass(2000)
    expect(states()).toBe('live')
  })

  it('is offline when the browser says so', async () => {
    follow('a')
    await pass()
    peer.last().beat()
    await pass()
    isOnline = false
    transport.networkChanged()
    expect(states()).toBe('offline')
  })

  it('stays live while shapes come and go', async () => {
    const seen = new Set<string>()
    follow('a')
    await pass()
    peer.last().beat()
    await pass()
    transport.connection.subscribe(() => seen.add(states()))
    follow('b')
    await pass()
    peer.last().beat()
    await pass()
    expect([...seen]).toEqual([])
  })
})
