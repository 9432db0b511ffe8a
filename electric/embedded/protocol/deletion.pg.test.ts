import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { get, sync } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'

let items: Items

beforeAll(async () => {
  items = await startItems({ allowShapeDeletion: true, longPollTimeoutMs: 20_000 })
})

afterAll(() => items?.stop())

const remove = (params: Record<string, string>) => get(items.electric, params, { method: 'DELETE' })

describe('DELETE (section 4.7)', () => {
  test('a shape ends by its definition, its handle, or both', async () => {
    const ways = [
      (definition: Record<string, string>) => definition,
      (_: Record<string, string>, handle: string) => ({ handle }),
      (definition: Record<string, string>, handle: string) => ({ ...definition, handle }),
      // What only a read needs is not asked for.
      (definition: Record<string, string>) => ({ ...definition, offset: 'nonsense', live: 'true' }),
    ]
    for (const way of ways) {
      const definition = owned(randomUUID())
      const { handle, last } = await sync(items.electric, definition)
      const waiting = items.live(definition, last)
      const answer = await remove(way(definition, handle))
      expect([answer.status, answer.body]).toEqual([202, null])
      expect(answer.headers.get('cache-control')).toBe('no-cache')
      expect(answer.headers.has('electric-handle')).toBe(false)
      expect((await waiting).status).toBe(409)
      const next = await get(items.electric, { ...definition, handle, offset: '0_0' })
      expect(next.status).toBe(409)
      expect(next.handle).not.toBe(handle)
    }
  })

  test('what is not there cannot be ended', async () => {
    for (const params of [
      owned(randomUUID()),
      { handle: '1-1' },
      { ...owned(randomUUID()), handle: '1-1' },
    ]) {
      const answer = await remove(params as Record<string, string>)
      expect([answer.status, answer.body]).toEqual([404, { message: 'No existing shape found' }])
    }
  })

  test('a handle must be that of the definition beside it', async () => {
    const [mine, other] = [owned(randomUUID()), owned(randomUUID())]
    await sync(items.electric, mine)
    const { handle } = await sync(items.electric, other)
    const answer = await remove({ ...mine, handle })
    expect([answer.status, answer.body]).toEqual([
      400,
      {
        message:
          'The specified shape definition and handle do not match. Please ensure the shape definition is correct or omit the shape handle from the request to obtain a new one.',
      },
    ])
    expect((await get(items.electric, { ...other, handle, offset: '0_0' })).status).toBe(200)
  })

  test('without either it is refused', async () => {
    for (const params of [{}, { where: 'true' }, { handle: '' }, { table: '' }] as Record<string, string>[]) {
      const answer = await remove(params)
      expect([answer.status, answer.body]).toEqual([
        400,
        {
          message: 'Invalid request',
          errors: { handle: ["can't be blank when shape definition is missing"] },
        },
      ])
    }
  })

  test('a definition is checked as for a read', async () => {
    const answer = await remove({ table: 'items', columns: 'size' })
    expect([answer.status, Object.keys(answer.body.errors)]).toEqual([400, ['columns']])
  })

  test('it must be allowed', async () => {
    await items.with({}, async (strict) => {
      const { handle } = await sync(strict, owned(randomUUID()))
      const answer = await get(strict, { handle }, { method: 'DELETE' })
      expect([answer.status, answer.body]).toEqual([405, { message: 'DELETE not allowed' }])
      expect(answer.headers.get('cache-control')).toBe('no-store')
    })
  })
})
