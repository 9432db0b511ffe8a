import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openPage, pass } from './testing-page.ts'

let page: ReturnType<typeof openPage>
let peer: (typeof page)['peer']
let follow: (typeof page)['follow']

beforeEach(() => {
  page = openPage()
  ;({ peer, follow } = page)
})
afterEach(() => page.close())

/** Two streams that gave no first byte in time. */
async function untilHeldBack(): Promise<void> {
  peer.greets = false
  await pass(5100)
  expect(peer.streams.map(({ once }) => once)).toEqual([false])
  await pass(5500)
}

describe('where streams are held back until they end', () => {
  it('twice in a row, each answer has a request of its own for all shapes, asked again at once', async () => {
    const a = follow('a')
    const b = follow('b')
    await untilHeldBack()
    expect(peer.streams.map(({ once }) => once)).toEqual([false, false, true])
    peer.last().answer('a', '1_0', '[1]')
    peer.last().end()
    await pass()
    expect(peer.last().entries.map(({ shape, offset }) => [shape, offset])).toEqual([
      ['a', '1_0'],
      ['b', '0_0'],
    ])
    expect([peer.streams.length, peer.last().once, page.state()]).toEqual([4, true, 'live'])
    peer.last().answer('b', '1_0', '[1]')
    peer.last().answer('a', '2_0', '[2]')
    peer.last().end()
    await pass()
    expect([a.bodies, b.bodies, peer.direct.length]).toEqual([['[1]', '[2]'], ['[1]'], 0])
  })

  it('an answer that brings nothing new is asked for again at once, too', async () => {
    follow('a')
    await untilHeldBack()
    for (let n = 0; n < 2; n++) {
      await pass(20_000)
      const before = peer.streams.length
      peer.last().beat()
      peer.last().end()
      await pass()
      expect([peer.streams.length, page.state()]).toEqual([before + 1, 'live'])
    }
  })

  it('one that ends at once without anything is not asked again at once', async () => {
    follow('a')
    await untilHeldBack()
    for (let n = 0; n < 8; n++) {
      const before = peer.streams.length
      peer.last().end()
      for (let ms = 0; ms < 60_000 && peer.streams.length === before; ms += 10) await pass(10)
    }
    const before = peer.streams.length
    peer.last().end()
    await pass(5000)
    expect(peer.streams.length).toBe(before)
  })

  it('one that is silent for longer than the server ever is counts as lost', async () => {
    follow('a')
    await untilHeldBack()
    const asked = peer.last()
    await pass(44_000)
    expect(asked.signal.aborted).toBe(false)
    await pass(2000)
    expect([asked.signal.aborted, page.state()]).toEqual([true, 'offline'])
  })

  it('a shape that comes joins in a new request, from where everybody stands', async () => {
    const a = follow('a')
    await untilHeldBack()
    peer.last().answer('a', '1_0', '[1]')
    await pass()
    follow('b')
    await pass()
    expect(peer.last().entries.map(({ shape, offset }) => [shape, offset])).toEqual([
      ['a', '1_0'],
      ['b', '0_0'],
    ])
    expect([peer.last().once, peer.changes.length, a.bodies]).toEqual([true, 0, ['[1]']])
  })

  it('streaming is tried again after a while; still held back, it is left at once', async () => {
    follow('a')
    await untilHeldBack()
    for (let n = 0; n < 3; n++) {
      await pass(20_000)
      peer.last().end()
      await pass()
    }
    expect(peer.last().once).toBe(false)
    await pass(5100)
    expect([peer.last().once, page.state()]).toEqual([true, 'live'])
  })

  it('streaming is tried again after a while, and kept when it gets through', async () => {
    const a = follow('a')
    await untilHeldBack()
    peer.greets = true
    for (let n = 0; n < 3; n++) {
      await pass(20_000)
      peer.last().end()
      await pass()
    }
    const tried = peer.last()
    await pass(20_000)
    peer.last().answer('a', '1_0', '[1]')
    await pass()
    expect([tried.once, tried.signal.aborted, peer.last() === tried, a.bodies]).toEqual([
      false,
      false,
      true,
      ['[1]'],
    ])
  })

  it('once is not enough to think so', async () => {
    follow('a')
    peer.greets = false
    await pass(5100)
    peer.greets = true
    await page.nextStream()
    await pass()
    peer.greets = false
    peer.last().fail()
    await page.nextStream()
    await pass(6000)
    expect(peer.streams.slice(0, 4).map(({ once }) => once)).toEqual([false, false, false, false])
  })
})

describe('where live requests of all shapes are refused', () => {
  it.each([400, 404, 405, 413])(
    'with %i, each shape asks for itself, until it is worth another try',
    async (status) => {
      peer.status.live = status
      const a = follow('a')
      await pass()
      expect(peer.direct.map(({ url }) => url.searchParams.get('live'))).toEqual(['true'])
      const headers = { 'electric-handle': 'h', 'electric-offset': '1_0', 'electric-cursor': '1' }
      peer.direct[0]?.answer(new Response('[1]', { headers }))
      await pass()
      expect([a.bodies, peer.direct.length, page.state()]).toEqual([['[1]'], 2, 'live'])
      await pass(60_000)
      peer.status.live = 200
      peer.direct[1]?.answer(new Response('[2]', { headers }))
      await pass()
      expect([a.bodies, peer.streams.length]).toEqual([['[1]', '[2]'], 1])
    },
  )

  it.each([429, 500, 503])('%i is no refusal: it is asked again after a pause', async (status) => {
    peer.status.live = status
    follow('a')
    await pass()
    peer.status.live = 200
    await page.nextStream()
    expect(peer.direct).toHaveLength(0)
  })
})
