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

const SESSION = '0199f0a0-0000-7000-8000-000000000001'
const shapesOf = (entries: { shape: string }[]) => entries.map(({ shape }) => shape)
const opened = () => peer.streams.length

describe('a stream that runs', () => {
  it('takes in a shape that comes later, and an answer that is on its way is not disturbed', async () => {
    const a = follow('a')
    await pass()
    peer.last().write(peer.last().piece('a', '1_0', '[', true))
    const b = follow('b', '5_0')
    await pass()
    expect(peer.lastChange()).toMatchObject({
      tokens: ['token 1'],
      entries: [{ id: '2', shape: 'b', token: 'token 1', handle: 'h', offset: '5_0', cursor: '0' }],
      drop: [],
    })
    peer.last().write(peer.last().piece('a', null, '1]', false))
    peer.last().answer('b', '6_0', '[6]')
    await pass()
    expect([a.bodies, b.bodies, opened()]).toEqual([['[1]'], ['[6]'], 1])
    expect(page.state()).toBe('live')
  })

  it('is told of everything that comes within a moment at once', async () => {
    follow('a')
    await pass()
    for (const shape of ['b', 'c', 'd']) follow(shape)
    await pass()
    expect(peer.changes.map(({ entries }) => shapesOf(entries))).toEqual([['b', 'c', 'd']])
  })

  it('is told of what comes while it is being opened once it is', async () => {
    peer.greets = false
    follow('a')
    await pass()
    follow('b')
    await pass(1000)
    expect([peer.changes.length, opened()]).toEqual([0, 1])
    peer.last().beat()
    await pass()
    expect([shapesOf(peer.lastChange().entries), opened()]).toEqual([['b'], 1])
  })

  it('is told of one change at a time, and of what came meanwhile in the next', async () => {
    peer.holdsChanges = true
    const a = follow('a')
    await pass()
    follow('b')
    await pass()
    follow('c')
    await pass()
    a.abort.abort()
    follow('a', '9_0', a.fetch)
    await pass()
    expect(peer.changes).toHaveLength(1)
    peer.lastChange().answer(204)
    await pass()
    expect(peer.changes).toHaveLength(2)
    expect(peer.lastChange().entries.map(({ shape, offset }) => [shape, offset])).toEqual([
      ['c', '0_0'],
      ['a', '9_0'],
    ])
    expect(peer.lastChange().drop).toEqual(['1'])
  })

  it('may answer a new entry before it has answered for the change', async () => {
    peer.holdsChanges = true
    follow('a')
    await pass()
    const b = follow('b')
    await pass()
    peer.last().entries.push(...peer.lastChange().entries)
    peer.last().answer('b', '1_0', '[1]')
    await pass()
    expect(b.bodies).toEqual(['[1]'])
  })

  it('is told to give up what nobody asks for any more', async () => {
    const a = follow('a')
    follow('b')
    await pass()
    a.abort.abort()
    await pass(4000)
    expect(peer.lastChange()).toMatchObject({ tokens: [], entries: [], drop: ['1'] })
    expect(opened()).toBe(1)
  })

  it('goes on from another position when the client has moved on by itself', async () => {
    const a = follow('a')
    await pass()
    a.abort.abort()
    const again = follow('a', '7_0', a.fetch)
    await pass()
    expect(peer.lastChange()).toMatchObject({ entries: [{ id: '2', offset: '7_0' }], drop: ['1'] })
    peer.last().answer('a', '8_0', '[8]')
    await pass()
    expect([again.bodies, a.bodies]).toEqual([['[8]'], []])
  })

  it('is told to give up a shape whose answers nobody takes', async () => {
    const a = follow('a')
    follow('b')
    await pass()
    for (let n = 1; n <= 20; n++) {
      peer.last().answer('a', `${n}_0`, ' '.repeat(1024 * 1024))
      a.abort.abort()
    }
    await pass(500)
    expect(peer.changes).toHaveLength(0)
    await pass(2000)
    expect(peer.lastChange()).toMatchObject({ entries: [], drop: ['1'] })
  })

  it('that is over because each entry has had its last frame is no loss', async () => {
    const a = follow('a')
    await pass()
    peer.last().answer('a', '0_0', '', 401)
    peer.last().end()
    await pass()
    expect([page.state(), opened()]).toEqual(['live', 2])
    peer.last().answer('a', '1_0', '[1]')
    await pass()
    expect(a.bodies).toEqual(['[1]'])
  })
})

describe('a token', () => {
  it('is renewed a minute before its end by a change, and the stream goes on', async () => {
    const a = follow('a')
    follow('b')
    await pass()
    for (let s = 0; s < 240; s += 10) {
      peer.last().answer('a', `${s + 1}_0`, `[${s}]`)
      await pass(10_000)
    }
    await pass(1000)
    expect(peer.changes).toMatchObject([{ tokens: ['token 2'], entries: [], drop: [] }])
    expect([opened(), a.bodies.length]).toEqual([1, 24])
  })

  it('that cannot be renewed is asked for again, and the stream goes on until it ends', async () => {
    follow('a')
    await pass()
    peer.status.token = 503
    for (let s = 0; s < 250; s += 10) {
      peer.last().beat()
      await pass(10_000)
    }
    expect([opened(), peer.changes.length, page.state()]).toEqual([1, 0, 'live'])
    peer.status.token = 200
    peer.last().beat()
    await pass(20_000)
    expect(peer.changes).toMatchObject([{ tokens: ['token 2'], entries: [], drop: [] }])
    expect(opened()).toBe(1)
  })

  it('that is refused for an entry brings that entry back with a new one, by a change', async () => {
    const a = follow('a')
    const b = follow('b')
    await pass()
    peer.last().answer('a', '0_0', '', 401)
    await pass()
    expect(peer.lastChange()).toMatchObject({
      tokens: ['token 2'],
      entries: [{ id: '3', shape: 'a', token: 'token 2' }],
      drop: [],
    })
    peer.last().answer('a', '1_0', '[1]')
    peer.last().answer('b', '1_0', '[1]')
    await pass()
    expect([a.bodies, b.bodies, a.status, opened()]).toEqual([['[1]'], ['[1]'], 200, 1])
  })

  it.each(['is slow to come', 'cannot be had'])('that %s holds up its own session only', async (how) => {
    if (how === 'is slow to come') peer.tokensHeldFor.add(SESSION)
    const theirs = page.transport.connect('theirs', SESSION)
    follow('a')
    await pass()
    if (how === 'cannot be had') peer.status.token = 503
    follow('theirs', '0_0', theirs)
    follow('b')
    await pass(500)
    expect(shapesOf(peer.last().entries).toSorted()).toEqual(['a', 'b'])
    expect(opened()).toBe(1)
  })

  it('that comes after others have been waited for brings its session in', async () => {
    peer.status.token = 503
    follow('a')
    await pass(1000)
    expect([opened(), page.state()]).toEqual([0, 'offline'])
    peer.status.token = 200
    await page.nextStream()
    await pass()
    expect(page.state()).toBe('live')
  })

  it('that is not given any more ends its own session’s shapes, and gives them up on the stream', async () => {
    const theirs = follow('theirs', '0_0', page.transport.connect('theirs', SESSION))
    follow('a')
    await pass()
    peer.status.token = 404
    peer.last().answer('theirs', '0_0', '', 401)
    await pass()
    expect(theirs.status).toBe(404)
    expect([shapesOf(peer.last().entries), opened()]).toEqual([['theirs', 'a'], 1])
  })
})

describe('a change that does not get through', () => {
  it.each([404, 400, 500, 503, 200])(
    'because it is answered %i makes a new stream with everything',
    async (status) => {
      const a = follow('a')
      await pass()
      peer.last().answer('a', '1_0', '[1]')
      await pass()
      peer.status.change = status
      const b = follow('b')
      await pass()
      expect(peer.streams.map(({ signal }) => signal.aborted)).toEqual([true, false])
      expect(peer.last().entries.map(({ id, shape, offset }) => [id, shape, offset])).toEqual([
        ['3', 'a', '1_0'],
        ['4', 'b', '0_0'],
      ])
      peer.last().answer('a', '2_0', '[2]')
      peer.last().answer('b', '1_0', '[1]')
      await pass()
      expect([a.bodies, b.bodies, page.state()]).toEqual([['[1]', '[2]'], ['[1]'], 'live'])
    },
  )

  it('because no answer comes makes a new stream after a while', async () => {
    peer.holdsChanges = true
    follow('a')
    await pass()
    follow('b')
    await pass(4900)
    expect(opened()).toBe(1)
    await pass(200)
    expect([opened(), shapesOf(peer.last().entries)]).toEqual([2, ['a', 'b']])
    expect(peer.lastChange().signal.aborted).toBe(true)
  })

  it('because the network is gone makes a new stream when it is back', async () => {
    follow('a')
    await pass()
    peer.isDown = true
    follow('b')
    await pass(500)
    expect(page.state()).not.toBe('live')
    peer.isDown = false
    await page.nextStream()
    expect(shapesOf(peer.last().entries)).toEqual(['a', 'b'])
  })

  it('because the stream is lost first leaves it to the next stream, and is not repeated', async () => {
    peer.holdsChanges = true
    follow('a')
    await pass()
    const b = follow('b')
    await pass()
    const before = peer.lastChange()
    peer.last().fail()
    await page.nextStream()
    before.answer(204)
    peer.last().answer('b', '1_0', '[1]')
    await pass(1000)
    expect([shapesOf(peer.last().entries), peer.changes.length, b.bodies]).toEqual([['a', 'b'], 1, ['[1]']])
  })

  it('because the stream has no name makes a new stream without being tried', async () => {
    peer.namesStreams = false
    follow('a')
    await pass()
    follow('b')
    await pass()
    expect([opened(), peer.changes.length]).toEqual([2, 0])
  })
})

describe('a stream that is left with its first byte', () => {
  it('gives nothing of what came with that byte: it comes again, once', async () => {
    peer.namesStreams = false
    peer.greets = false
    const a = follow('a')
    await pass()
    follow('b')
    await pass()
    peer.last().answer('a', '1_0', '[1]')
    await pass()
    expect([opened(), a.bodies]).toEqual([2, []])
    expect(peer.last().entries.map(({ offset }) => offset)).toEqual(['0_0', '0_0'])
    peer.last().answer('a', '1_0', '[1]')
    await pass()
    expect(a.bodies).toEqual(['[1]'])
  })
})

describe('where changes do not reach the process that carries the stream', () => {
  const come = async (shape: string) => {
    follow(shape)
    await pass()
    peer.last().beat()
    await pass()
  }

  it('twice in a row, further changes make a new stream at once, until some minutes have passed', async () => {
    peer.status.change = 404
    for (const shape of ['a', 'b', 'c', 'd', 'e']) await come(shape)
    expect([opened(), peer.changes.length]).toEqual([5, 2])
    for (let s = 0; s < 300; s += 10) {
      peer.last().beat()
      await pass(10_000)
    }
    peer.status.change = 204
    const before = opened()
    await come('f')
    expect([opened(), peer.changes.length]).toEqual([before, 3])
  })

  it('now and then, changes are tried further on', async () => {
    for (const [n, shape] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) {
      peer.status.change = n % 2 === 0 ? 204 : 404
      await come(shape)
    }
    expect(peer.changes).toHaveLength(5)
  })

  it('a lost answer does not count', async () => {
    peer.status.change = 503
    for (const shape of ['a', 'b', 'c', 'd']) await come(shape)
    expect(peer.changes).toHaveLength(3)
  })
})
