import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { get, sync, until } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'

let items: Items

beforeAll(async () => {
  items = await startItems()
})

afterAll(() => items?.stop())

describe('long-polling (section 4.5)', () => {
  test('a commit answers all who wait, and only on the shapes it touches', async () => {
    const [mine, other] = [randomUUID(), randomUUID()]
    const { last } = await sync(items.electric, owned(mine))
    const { last: otherLast } = await sync(items.electric, owned(other))
    const waiting = Array.from({ length: 50 }, () => items.live(owned(mine), last))
    const untouched = items.live(owned(other), otherLast)
    const id = await items.insert(mine)
    for (const { body, offset, changes } of await Promise.all(waiting)) {
      expect(changes.map(({ value }) => value.id)).toEqual([id])
      expect(body.at(-1).headers).toEqual({
        control: 'up-to-date',
        global_last_seen_lsn: offset.split('_')[0],
      })
    }
    expect((await untouched).changes).toEqual([])
  })

  test('each who waits from elsewhere, or from another origin, is answered as they asked', async () => {
    await items.with({ longPollTimeoutMs: 60_000 }, async (patient) => {
      const owner = randomUUID()
      const { handle, last } = await sync(patient, owned(owner))
      const at = { ...owned(owner), handle, offset: last.offset, live: 'true' }
      const origins = ['http://a.example', 'http://b.example', 'http://a.example']
      const waiting = origins.map((origin) => get(patient, at, { headers: { origin } }))
      const others = ['1', '2'].map((cursor) => get(patient, { ...at, cursor: `99999999${cursor}` }))
      const head = get(patient, at, { method: 'HEAD' })
      await items.insert(owner)
      const answers = await Promise.all(waiting)
      expect(answers.map(({ headers }) => headers.get('access-control-allow-origin'))).toEqual(origins)
      const cursors = (await Promise.all(others)).map(({ headers }) => Number(headers.get('electric-cursor')))
      expect(cursors[0]).toBeGreaterThan(999999991)
      expect(cursors[1]).toBeGreaterThan(999999992)
      const { status, body, offset } = await head
      expect([status, body, offset]).toEqual([200, null, answers[0]?.offset])
    })
  })

  test('what was missed is answered at once', async () => {
    const owner = randomUUID()
    const { last } = await sync(items.electric, owned(owner))
    const first = items.live(owned(owner), last)
    const id = await items.insert(owner)
    const { offset } = await first
    const again = await items.live(owned(owner), last)
    expect(again.offset).toBe(offset)
    expect(again.changes.map(({ value }) => value.id)).toEqual([id])
  })

  test('without news it ends with the position to which everything was read', async () => {
    const owner = randomUUID()
    const { last } = await sync(items.electric, owned(owner))
    await items.insert(randomUUID())
    const before = BigInt(last.body[0].headers.global_last_seen_lsn)
    await until(async () => {
      const { status, body, offset } = await items.live(owned(owner), last)
      expect([status, offset, body.length]).toEqual([200, '0_inf', 1])
      return BigInt(body[0].headers.global_last_seen_lsn) > before
    })
  })

  test('live before the end of the snapshot reads on, and waits at its end', async () => {
    const owner = randomUUID()
    const first = await get(items.electric, { ...owned(owner), offset: '-1' })
    const answer = await items.live(owned(owner), first)
    expect([answer.offset, answer.headers.get('electric-has-data')]).toEqual(['0_inf', 'false'])
  })

  test('callers that go away while they wait harm nobody', async () => {
    const owner = randomUUID()
    const { last } = await sync(items.electric, owned(owner))
    const gone = Array.from({ length: 20 }, () => {
      const controller = new AbortController()
      const failed = expect(items.live(owned(owner), last, { signal: controller.signal })).rejects.toThrow()
      return { controller, failed }
    })
    for (const { controller } of gone) controller.abort()
    await Promise.all(gone.map(({ failed }) => failed))
    const stays = items.live(owned(owner), last)
    const id = await items.insert(owner)
    expect((await stays).changes.map(({ value }) => value.id)).toEqual([id])
  })

  test('it ends with 409 when the shape does, at once and without a new handle', async () => {
    await items.with({ longPollTimeoutMs: 60_000 }, async (patient) => {
      const owner = randomUUID()
      const { handle, last } = await sync(patient, owned(owner))
      const waiting = get(patient, { ...owned(owner), handle, offset: last.offset, live: 'true' })
      await items.database.sql`TRUNCATE items`
      const answer = await waiting
      expect([answer.status, answer.body]).toEqual([409, [{ headers: { control: 'must-refetch' } }]])
      expect(answer.headers.has('electric-handle')).toBe(false)
      expect(answer.headers.get('cache-control')).toBe('public, max-age=1, must-revalidate')
    })
  })
})
