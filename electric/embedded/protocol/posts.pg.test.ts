import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTable, get } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'
import { ask, json } from './raw-http.ts'

let items: Items
const owner = randomUUID()

beforeAll(async () => {
  items = await startItems()
  await createTable(items.database.sql, 'secrets', 'id int PRIMARY KEY, word text')
  await items.database.sql`INSERT INTO secrets VALUES (1, 'hidden')`
  for (const size of [1, 2, 3]) await items.insert(owner, size)
})

afterAll(() => items?.stop())

const post = (body: unknown, params: Record<string, string> = {}) =>
  get(
    items.electric,
    { ...owned(owner), offset: 'now', ...params },
    { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) },
  )

const sizes = ({ body }: Awaited<ReturnType<typeof post>>) =>
  body.data.map((message: { value: { size: string } }) => Number(message.value.size))

describe('POST (section 1)', () => {
  test('the body says which part of the shape is meant', async () => {
    const answer = await post({ where: 'size >= $1', params: { '1': 2 }, order_by: 'size DESC', limit: 5 })
    expect(answer.status).toBe(200)
    expect(sizes(answer)).toEqual([3, 2])
    expect(answer.headers.get('electric-snapshot')).toBe('true')
    expect(answer.headers.get('cache-control')).toBe('no-cache')
  })

  test('its keys may stand in an object of their own, and values come as they come in JSON', async () => {
    expect(sizes(await post({ subset: { where: 'size = $1', params: { 1: '3' } } }))).toEqual([3])
    expect(sizes(await post({ order_by: 'size', limit: '1', offset: 1 }))).toEqual([2])
    expect(sizes(await post({ where: 'size < 2', where_expr: { op: 'x' }, order_by_expr: [] }))).toEqual([1])
    expect(sizes(await post({ where: 'done = $1 AND size = 1', params: { 1: true } }))).toEqual([1])
  })

  test('its content type does not matter', async () => {
    const path = `/v1/shape?${new URLSearchParams({ ...owned(owner), offset: 'now' })}`
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
      const answer = await ask(items.electric.url, path, {
        method: 'POST',
        headers: { 'content-type': type },
        body: '{"where":"size = 1"}',
      })
      expect(json(answer)).toMatchObject({ data: [{ value: { size: '1' } }] })
    }
  })

  test('without a subset it is a read like any other, which no cache keeps', async () => {
    for (const body of ['', '{}', '{"other":1}']) {
      const answer = await post(body, { offset: '-1' })
      expect(answer.status).toBe(200)
      expect(answer.changes).toHaveLength(3)
      expect(answer.headers.get('cache-control')).toBe('no-cache')
      expect(answer.headers.has('electric-snapshot')).toBe(false)
    }
  })

  test('a POST that brings nothing at all is a read too', async () => {
    const socket = connect(items.electric.port, '127.0.0.1')
    const path = `/v1/shape?${new URLSearchParams({ ...owned(owner), offset: '-1' })}`
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    const [head] = await once(socket, 'data')
    socket.destroy()
    expect(String(head)).toMatch(/^HTTP\/1.1 200 OK/)
  })

  // The real service lets every key of the body override the query string.
  test('the body changes nothing of what the URL says', async () => {
    const attacks = [
      { table: 'secrets' },
      { table: 'secrets', where: 'size > 0', params: {} },
      { columns: ['id', 'title'] },
      { 'params[1]': randomUUID() },
      { subset: { table: 'secrets', where: 'true' }, where: 'size > 0' },
      { subset: { params: {} }, offset: 0, order_by: 'size' },
      {
        handle: 'x',
        offset: 0,
        order_by: 'id',
        log: 'half',
        replica: 'x',
        live: true,
        queryable_columns: 'id',
      },
      { secret: 'x', api_secret: 'x' },
      { __proto__: { table: 'secrets' } },
      JSON.parse('{"__proto__":{"where":"false"}}'),
    ]
    const plain = await post({}, { offset: 'now' })
    for (const attack of attacks) {
      const answer = await post(attack, { columns: 'id,owner,size' })
      expect(answer.status, JSON.stringify(attack)).toBe(200)
      expect(JSON.stringify(answer.body)).not.toContain('hidden')
      const rows = (answer.body.data ?? answer.body).filter((message: object) => 'value' in message)
      for (const { value } of rows)
        expect([Object.keys(value), value.owner]).toEqual([['id', 'owner', 'size'], owner])
    }
    expect(plain.handle).toBe((await post({ table: 'secrets', where: 'true' })).handle)
  })

  test('what the query string says of the subset goes before what the body says', async () => {
    expect(sizes(await post({ where: 'true' }, { subset__where: 'size = 2' }))).toEqual([2])
    expect(sizes(await post({ limit: 3 }, { subset__limit: '1', subset__order_by: 'size' }))).toEqual([1])
  })

  test('a body that is none is refused by what is wrong with it', async () => {
    for (const body of ['{', 'where=true', '{"a":1}{', '['.repeat(100_000)]) {
      const answer = await post(body)
      expect([answer.status, answer.body.error]).toEqual([400, 'Invalid JSON in request body'])
      expect(answer.body.details).toEqual(expect.any(String))
    }
    for (const body of ['[]', '1', '"x"', 'null']) {
      const answer = await post(body)
      expect([answer.status, answer.body]).toEqual([400, { error: 'Request body must be a JSON object' }])
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })

  test('values of a wrong kind are refused, all at once', async () => {
    const { status, body } = await post({ where: 1, order_by: ['id'], limit: 1.5, offset: 'x', params: 'y' })
    expect(status).toBe(400)
    expect(body.errors.subset).toEqual({
      where: ['is invalid'],
      order_by: ['is invalid'],
      limit: ['is invalid'],
      offset: ['is invalid'],
      params: ['params must be valid JSON'],
    })
    // Of the number, a double keeps only the first digits.
    for (const value of ['{}', '[]', '12345678901234567890']) {
      const answer = await post(`{"where":"size = $1","params":{"1":${value}}}`)
      expect(answer.body.errors.subset).toEqual({ params: ['is invalid'] })
    }
  })

  test('large bodies are read one after another, however many', async () => {
    for (let n = 0; n < 12; n++) {
      expect((await post(`{}${' '.repeat(7_900_000)}`, { offset: '-1' })).status).toBe(200)
    }
  })

  test('bodies that are too much together are refused, and let go', async () => {
    const path = `/v1/shape?${new URLSearchParams({ ...owned(owner), offset: '-1' })}`
    // None of them ends, so that all are in memory at once.
    const headers = { 'content-length': 7_900_000 }
    const sending = Array.from({ length: 12 }, () => {
      const outgoing = request(items.electric.url, { path, method: 'POST', headers, agent: false })
      outgoing.on('error', () => {}).write(Buffer.alloc(7_800_000, ' '))
      return outgoing
    })
    const refused = await Promise.race(sending.map((outgoing) => once(outgoing, 'response')))
    expect([refused[0].statusCode, refused[0].headers['retry-after']]).toEqual([503, '1'])
    for (const outgoing of sending) outgoing.destroy()
    await expect.poll(async () => (await post({}, { offset: '-1' })).status).toBe(200)
  })

  test('a body that is too large is refused while it is still sent', async () => {
    const body = Buffer.alloc(9_000_000, ' ')
    const path = `/v1/shape?${new URLSearchParams({ ...owned(owner), offset: '-1' })}`
    const answer = await ask(items.electric.url, path, { method: 'POST', body })
    expect([answer.status, json(answer)]).toEqual([413, { error: 'Request body too large' }])
  })
})
