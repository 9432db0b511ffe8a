import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPage, type PeerStream, pass } from './testing-page.ts'

const encoder = new TextEncoder()

let page: ReturnType<typeof openPage>
let peer: (typeof page)['peer']
let transport: (typeof page)['transport']
let follow: (typeof page)['follow']

beforeEach(() => {
  page = openPage()
  ;({ peer, transport, follow } = page)
})
afterEach(() => page.close())

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
    expect(peer.streams).toHaveLength(1)
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

  it.each<[string, (stream: PeerStream) => void]>([
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
      await page.nextStream()
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

describe('the connection, as the person sees it', () => {
  const states = () => page.state()

  it('is live from the first byte, connecting after a loss, offline when nothing answers', async () => {
    peer.greets = false
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
    await page.nextStream()
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
    page.browser.isOnline = false
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
