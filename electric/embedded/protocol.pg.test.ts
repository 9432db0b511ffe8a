import { randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createTable,
  get,
  type ShapeResponse,
  startTestDatabase,
  startTestElectric,
  sync,
  type TestDatabase,
  type TestElectric,
} from './testing.ts'

let database: TestDatabase
let electric: TestElectric

beforeAll(async () => {
  database = await startTestDatabase()
  electric = await startTestElectric(database, { longPollTimeoutMs: 400 })
  await createTable(
    database.sql,
    'items',
    'id uuid PRIMARY KEY, owner uuid, size int4 NOT NULL, done bool, title varchar(40)',
  )
  await createTable(database.sql, '"Odd ""Table"', '"Key/" text PRIMARY KEY')
  await electric.ready
})

afterAll(async () => {
  await electric?.close()
  await database?.stop()
})

const owned = (owner: string) => ({ table: 'items', where: 'owner = $1', 'params[1]': owner })

async function insertItem(owner: string | null, size = 1, title = 'a'): Promise<string> {
  const id = randomUUID()
  await database.sql`INSERT INTO items VALUES (${id}, ${owner}, ${size}, true, ${title})`
  return id
}

const live = (params: Record<string, string>, after: ShapeResponse, init?: RequestInit) =>
  get(electric, { ...params, handle: after.handle, offset: after.offset, live: 'true' }, init)

describe('reading a shape (sections 2 and 4)', () => {
  test('a small shape is one chunk, then up to date, then live', async () => {
    const owner = randomUUID()
    const id = await insertItem(owner, 7)
    const { responses, handle } = await sync(electric, owned(owner))
    expect(responses.map(({ offset }) => offset)).toEqual(['0_0', '0_inf'])
    const [first, second] = responses
    expect(first?.body).toEqual([
      {
        key: `"public"."items"/"${id}"`,
        value: { id, owner, size: '7', done: 'true', title: 'a' },
        headers: { operation: 'insert', relation: ['public', 'items'] },
      },
      {
        headers: {
          control: 'snapshot-end',
          xmin: expect.stringMatching(/^\d+$/),
          xmax: expect.stringMatching(/^\d+$/),
          xip_list: [],
        },
      },
    ])
    expect(second?.body).toEqual([
      { headers: { control: 'up-to-date', global_last_seen_lsn: expect.stringMatching(/^\d+$/) } },
    ])
    expect(handle).toMatch(/^\d+-\d{16}$/)
  })

  test('the headers are those that the client demands, each where it belongs', async () => {
    const owner = randomUUID()
    const { responses, last } = await sync(electric, owned(owner))
    const first = responses[0]
    const schema = {
      id: { type: 'uuid', pk_index: 0, not_null: true },
      owner: { type: 'uuid' },
      size: { type: 'int4', not_null: true },
      done: { type: 'bool' },
      title: { type: 'varchar', max_length: 40 },
    }
    expect(JSON.parse(first?.headers.get('electric-schema') ?? '')).toEqual(schema)
    expect(first?.headers.get('cache-control')).toBe(
      'public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746',
    )
    expect(first?.headers.has('electric-up-to-date')).toBe(false)
    expect(first?.headers.get('etag')).toBe(`"${first?.handle}:-1:0_0"`)
    expect(last.headers.get('electric-up-to-date')).toBe('')
    expect(last.headers.get('electric-has-data')).toBe('true')
    expect(last.headers.get('cache-control')).toBe('public, max-age=60, stale-while-revalidate=300')
    expect(last.headers.has('electric-cursor')).toBe(false)
    const timedOut = await live(owned(owner), last)
    expect(timedOut.headers.has('electric-schema')).toBe(false)
    expect(timedOut.headers.get('electric-cursor')).toMatch(/^\d+$/)
    expect(timedOut.headers.get('electric-has-data')).toBe('false')
    expect(timedOut.headers.get('cache-control')).toBe('public, max-age=5, stale-while-revalidate=5')
    expect(timedOut.offset).toBe('0_inf')
    expect(timedOut.body).toHaveLength(1)
  })

  test('concurrent first requests share one shape, and so do all ways to write it', async () => {
    const owner = randomUUID()
    const spellings = [
      owned(owner),
      { ...owned(owner), where: '"owner"=$1', table: 'public.items' },
      { ...owned(owner.toUpperCase()), where: ' OWNER  = $1 ', table: '"items"', unknown: 'x' },
      { ...owned(`{${owner}}`), where: 'owner = $1' },
    ]
    const handles = await Promise.all(
      spellings.map(async (params) => (await get(electric, { ...params, offset: '-1' })).handle),
    )
    expect(new Set(handles).size).toBe(1)
    const others = await Promise.all([
      get(electric, { ...owned(owner), offset: '-1', replica: 'full' }),
      get(electric, { ...owned(owner), offset: '-1', columns: 'id,owner,size,done,title' }),
      get(electric, { ...owned(owner), offset: '-1', log: 'changes_only' }),
    ])
    expect(new Set([handles[0], ...others.map(({ handle }) => handle)]).size).toBe(4)
  })

  test('a large snapshot comes in chunks that never change', async () => {
    const small = await startTestElectric(database, { chunkBytesThreshold: 1_000 })
    try {
      const owner = randomUUID()
      for (let size = 0; size < 18; size++) await insertItem(owner, size)
      const { responses, changes, handle } = await sync(small, owned(owner))
      expect(changes.map(({ value }) => Number(value.size)).sort((a, b) => a - b)).toEqual([
        ...Array(18).keys(),
      ])
      expect(responses.map(({ offset }) => offset)).toEqual(['0_0', '0_1', '0_2', '0_3', '0_4', '0_inf'])
      for (const [index, response] of responses.slice(1, -1).entries()) {
        const again = await get(small, { ...owned(owner), handle, offset: `0_${index}` })
        expect(again.body).toEqual(response.body)
      }
    } finally {
      await small.close()
    }
  })

  test('a matching etag answers 304 without a body', async () => {
    const owner = randomUUID()
    const { last } = await sync(electric, owned(owner))
    const params = { ...owned(owner), handle: last.handle, offset: '0_0' }
    const headers = { 'if-none-match': `"x", ${last.headers.get('etag')}` }
    const again = await get(electric, params, { headers })
    expect(again.status).toBe(304)
    expect(again.body).toBeNull()
    expect([again.handle, again.offset]).toEqual([last.handle, '0_inf'])
    expect(again.headers.has('electric-schema')).toBe(false)
  })

  test('HEAD is GET without the body', async () => {
    const { handle } = await sync(electric, owned(randomUUID()))
    const params = { table: 'items', offset: '-1' }
    const full = await get(electric, params)
    const head = await get(electric, params, { method: 'HEAD' })
    expect(head.body).toBeNull()
    for (const name of ['electric-offset', 'etag', 'content-length', 'electric-schema']) {
      expect(head.headers.get(name)).toBe(full.headers.get(name))
    }
    expect(handle).not.toBe(full.handle)
  })

  test('now and changes_only carry no rows, but what comes after', async () => {
    const owner = randomUUID()
    await insertItem(owner)
    const now = await get(electric, { ...owned(owner), offset: 'now' })
    expect(now.offset).toBe('0_inf')
    expect(now.body).toEqual([{ headers: expect.objectContaining({ control: 'up-to-date' }) }])
    expect(now.headers.get('electric-has-data')).toBe('false')
    const { responses, last } = await sync(electric, { ...owned(owner), log: 'changes_only' })
    expect(responses[0]?.body).toEqual([{ headers: expect.objectContaining({ control: 'snapshot-end' }) }])
    const next = live({ ...owned(owner), log: 'changes_only' }, last)
    const id = await insertItem(owner)
    expect((await next).changes.map(({ value }) => value.id)).toEqual([id])
    const after = await get(electric, { ...owned(owner), handle: now.handle, offset: now.offset })
    expect(after.changes.map(({ value }) => value.id)).toEqual([id])
  })

  test('an offset beyond the end is out of bounds after a wait for the log to reach it', async () => {
    const owner = randomUUID()
    const { handle } = await sync(electric, owned(owner))
    const beyond = await get(electric, { ...owned(owner), handle, offset: '99999999999999_0' })
    expect(beyond.status).toBe(400)
    expect(beyond.body).toEqual({
      message: 'Invalid request',
      errors: { offset: ['out of bounds for this shape'] },
    })
  })

  test('a table with capitals, spaces and quotes in its names is read as it is', async () => {
    await database.sql`INSERT INTO ${database.sql('Odd "Table')} VALUES ('a/b')`
    const { responses, last } = await sync(electric, { table: '"Odd ""Table"' })
    expect(responses[0]?.changes[0]).toMatchObject({
      key: '"public"."Odd "Table"/"a//b"',
      value: { 'Key/': 'a/b' },
    })
    const next = live({ table: '"Odd ""Table"' }, last)
    await database.sql`DELETE FROM ${database.sql('Odd "Table')}`
    expect((await next).changes[0]).toMatchObject({
      key: '"public"."Odd "Table"/"a//b"',
      value: { 'Key/': 'a/b' },
    })
  })
})

describe('long-polling (section 4.5)', () => {
  test('a commit answers all who wait, and only on the shapes it touches', async () => {
    const [mine, other] = [randomUUID(), randomUUID()]
    const { last } = await sync(electric, owned(mine))
    const { last: otherLast } = await sync(electric, owned(other))
    const waiting = Array.from({ length: 50 }, () => live(owned(mine), last))
    const untouched = live(owned(other), otherLast)
    const id = await insertItem(mine)
    const answers = await Promise.all(waiting)
    for (const { body, offset, changes } of answers) {
      expect(changes.map(({ value }) => value.id)).toEqual([id])
      expect(body.at(-1).headers).toEqual({
        control: 'up-to-date',
        global_last_seen_lsn: offset.split('_')[0],
      })
    }
    expect((await untouched).changes).toEqual([])
  })

  test('what was missed is answered at once', async () => {
    const owner = randomUUID()
    const { last } = await sync(electric, owned(owner))
    const first = live(owned(owner), last)
    const id = await insertItem(owner)
    const { offset } = await first
    const again = await live(owned(owner), last)
    expect(again.offset).toBe(offset)
    expect(again.changes.map(({ value }) => value.id)).toEqual([id])
  })

  test('a cursor that the client has had is followed by another', async () => {
    const owner = randomUUID()
    const { last } = await sync(electric, owned(owner))
    const first = await live(owned(owner), last)
    const cursor = first.headers.get('electric-cursor') ?? ''
    const second = await live({ ...owned(owner), cursor }, first)
    expect(Number(second.headers.get('electric-cursor'))).toBeGreaterThan(Number(cursor))
  })

  test('callers that go away while they wait harm nobody', async () => {
    const owner = randomUUID()
    const { last } = await sync(electric, owned(owner))
    const gone = Array.from({ length: 20 }, () => {
      const controller = new AbortController()
      const failed = expect(live(owned(owner), last, { signal: controller.signal })).rejects.toThrow()
      return { controller, failed }
    })
    for (const { controller } of gone) controller.abort()
    await Promise.all(gone.map(({ failed }) => failed))
    const stays = live(owned(owner), last)
    const id = await insertItem(owner)
    expect((await stays).changes.map(({ value }) => value.id)).toEqual([id])
  })
})

describe('must-refetch (section 4.6)', () => {
  test('an unknown handle names the shape to go on with, which exists by then', async () => {
    const owner = randomUUID()
    const unknown = await get(electric, { ...owned(owner), handle: '1-1', offset: '0_0' })
    expect(unknown.status).toBe(409)
    expect(unknown.body).toEqual([{ headers: { control: 'must-refetch' } }])
    expect(unknown.headers.get('cache-control')).toBe('public, max-age=60, must-revalidate')
    expect((await get(electric, { ...owned(owner), offset: '-1' })).handle).toBe(unknown.handle)
  })

  test("another shape's handle gives nothing of that shape", async () => {
    const [mine, other] = [randomUUID(), randomUUID()]
    await insertItem(other)
    const { handle } = await sync(electric, owned(other))
    const answer = await get(electric, { ...owned(mine), handle, offset: '0_0' })
    expect(answer.status).toBe(409)
    expect(answer.handle).not.toBe(handle)
  })

  test('beyond the limit the shape read longest ago goes, and its handle never comes back', async () => {
    const few = await startTestElectric(database, { maxShapes: 2 })
    try {
      const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()]
      const first = await sync(few, owned(a))
      await sync(few, owned(b))
      await get(few, { ...owned(a), handle: first.handle, offset: '0_0' })
      await sync(few, owned(c))
      expect((await get(few, { ...owned(a), handle: first.handle, offset: '0_0' })).status).toBe(200)
      await sync(few, owned(b))
      await sync(few, owned(c))
      const gone = await get(few, { ...owned(a), handle: first.handle, offset: '0_0' })
      expect(gone.status).toBe(409)
      expect(gone.handle).not.toBe(first.handle)
    } finally {
      await few.close()
    }
  })

  test('a log that outgrows its limit ends its shape', async () => {
    const tight = await startTestElectric(database, { maxLogBytes: 2_000 })
    try {
      const owner = randomUUID()
      const { handle, last } = await sync(tight, owned(owner))
      let answer = last
      for (let size = 0; size < 20 && answer.status === 200; size++) {
        const next = get(tight, { ...owned(owner), handle, offset: answer.offset, live: 'true' })
        await insertItem(owner, size)
        answer = await next
      }
      expect(answer.status).toBe(409)
    } finally {
      await tight.close()
    }
  })
})

describe('refusals (sections 0, 1 and 5)', () => {
  const errors: [string, Record<string, string>, unknown][] = [
    [
      'a table that does not exist',
      { table: 'nothing' },
      {
        table: [
          'Table "public"."nothing" does not exist. If the table name contains capitals or special characters you must quote it.',
        ],
      },
    ],
    [
      'columns without the key',
      { table: 'items', columns: 'size' },
      { columns: ['The list of columns must include all primary key columns, missing: id'] },
    ],
    [
      'columns that do not exist',
      { table: 'items', columns: 'id,zzz' },
      { columns: ['The following columns are not found on the table: zzz'] },
    ],
    [
      'a value that is none of its type',
      { table: 'items', where: 'owner = $1', 'params[1]': 'me' },
      { where: ['At location 8: invalid syntax for type uuid: me'] },
    ],
    [
      'a number out of range',
      { table: 'items', where: 'size = $1', 'params[1]': '99999999999' },
      { where: ['At location 7: invalid syntax for type int4: 99999999999'] },
    ],
    [
      'an unknown column',
      { table: 'items', where: 'nobody = $1', 'params[1]': 'x' },
      { where: ['At location 0: unknown reference nobody'] },
    ],
    [
      'a parameter that is missing',
      { table: 'items', where: 'owner = $1' },
      { where: ['At location 8: parameter $1 was not provided'] },
    ],
  ]

  test.each(errors)('%s', async (_title, params, expected) => {
    const answer = await get(electric, { ...params, offset: '-1' })
    expect(answer.status).toBe(400)
    expect(answer.body).toEqual({ message: 'Invalid request', errors: expected })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('surrogate-control')).toBe('no-store')
    expect(answer.headers.has('electric-handle')).toBe(false)
  })

  test('a predicate that is not certain to mean the same to Postgres is refused', async () => {
    const cases: [string, string][] = [
      ['owner = $1 OR lower(title) = $1', 'At location 14: unknown or unsupported function lower/1'],
      ["title || 'x' = $1", 'At location 6: unknown binary operator "||"'],
      ['size = $1; drop table items', 'unescaped ";" causing statement split'],
      ['1 x $1', 'At location 17: syntax error at or near "x"'],
    ]
    for (const [where, message] of cases) {
      const answer = await get(electric, { table: 'items', where, 'params[1]': '1', offset: '-1' })
      expect(answer.status, where).toBe(400)
      expect(answer.body, where).toEqual({ message: 'Invalid request', errors: { where: [message] } })
    }
  })

  test('text is compared as it is, whatever it contains', async () => {
    const title = `'; DROP TABLE items; -- ü "$1"`
    await insertItem(null, 1, title)
    const { changes } = await sync(electric, { table: 'items', where: 'title = $1', 'params[1]': title })
    expect(changes.map(({ value }) => value.title)).toEqual([title])
  })

  test('a table whose changes would not arrive is an error that says why', async () => {
    await database.sql.unsafe(`
      CREATE TABLE unpublished (id int PRIMARY KEY);
      ALTER TABLE unpublished REPLICA IDENTITY FULL;
      CREATE TABLE keyed (id int PRIMARY KEY);
      ALTER PUBLICATION electric_publication_default ADD TABLE keyed`)
    const unpublished = await get(electric, { table: 'unpublished', offset: '-1' })
    expect(unpublished.status).toBe(503)
    expect(unpublished.body.message).toContain('missing from the publication "electric_publication_default"')
    expect(unpublished.headers.get('retry-after')).toBe('10')
    expect(unpublished.headers.get('electric-internal-known-error')).toBe('true')
    const keyed = await get(electric, { table: 'keyed', offset: '-1' })
    expect(keyed.body.message).toContain('replica identity set to FULL')
    await database.sql`ALTER TABLE keyed REPLICA IDENTITY FULL`
    expect((await get(electric, { table: 'keyed', offset: '-1' })).status).toBe(200)
  })

  test('DELETE is refused unless it is allowed', async () => {
    const remove = await get(electric, { table: 'items' }, { method: 'DELETE' })
    expect([remove.status, remove.body]).toEqual([405, { message: 'DELETE not allowed' }])
  })

  test('the secret is demanded from everybody but preflight and health', async () => {
    const closed = await startTestElectric(database, { secret: 'right' })
    try {
      const read = (params: Record<string, string>) =>
        get(closed, { table: 'items', offset: '-1', ...params })
      for (const params of [{}, { secret: '' }, { secret: 'wrong' }, { secret: 'right ' }] as Record<
        string,
        string
      >[]) {
        const answer = await read(params)
        expect([answer.status, answer.body]).toEqual([401, { message: 'Unauthorized - Invalid API secret' }])
        expect(answer.headers.has('access-control-allow-origin')).toBe(false)
      }
      expect((await read({ secret: 'right' })).status).toBe(200)
      expect((await read({ api_secret: 'right' })).status).toBe(200)
      for (const path of ['/v1/shape/', '/v1//shape', '/v1/%73hape']) {
        expect((await fetch(`${closed.url}${path}?table=items&offset=-1`)).status).toBe(401)
      }
      expect((await fetch(`${closed.url}/v1/health`)).status).toBe(200)
      expect((await fetch(`${closed.url}/v1/shape`, { method: 'OPTIONS' })).status).toBe(204)
    } finally {
      await closed.close()
    }
  })

  test('everything else is not found', async () => {
    for (const [method, path] of [
      ['GET', '/v1'],
      ['PUT', '/v1/shape'],
      ['POST', '/v1/health'],
      ['GET', '/v1/shape/x'],
      ['GET', '/%zz'],
    ] as const) {
      const answer = await fetch(electric.url + path, { method })
      expect([answer.status, await answer.text()]).toEqual([404, 'Not found'])
    }
    expect((await fetch(`${electric.url}/`)).status).toBe(200)
  })

  test('a browser may read the headers that its client needs', async () => {
    const answer = await get(
      electric,
      { table: 'items', offset: '-1' },
      { headers: { origin: 'http://a.example' } },
    )
    expect(answer.headers.get('access-control-allow-origin')).toBe('http://a.example')
    const exposed = answer.headers.get('access-control-expose-headers')?.split(',')
    for (const name of [
      'electric-offset',
      'electric-handle',
      'electric-schema',
      'electric-cursor',
      'electric-snapshot',
    ]) {
      expect(exposed).toContain(name)
    }
  })

  test('no request ends the process', async () => {
    const wild = [
      `table=${'"'.repeat(30)}&offset=-1`,
      'table=items&offset=-1&where=%00',
      'table=items&offset=-1&where=title%20=%20$1&params[1]=%00',
      'table=%22a%00b%22&offset=-1',
      'table=items&offset=99999999999999999999_999999999999999&handle=%F0%28',
      '%=&&&==table=items',
      `table=items&offset=-1&where=${'('.repeat(5_000)}`,
      'table=items&offset=-1&columns=__proto__,id',
      'table=items&offset=-1&params[__proto__]=1',
    ]
    for (const query of wild) {
      const { status } = await fetch(`${electric.url}/v1/shape?${query}`)
      expect(status, query).toBeGreaterThanOrEqual(400)
      expect(status, query).toBeLessThan(500)
    }
    await new Promise<void>((resolve) => {
      const broken = httpRequest(`${electric.url}/v1/shape`, {
        method: 'POST',
        headers: { 'content-length': 100 },
      })
      broken.on('error', () => {}).on('close', resolve)
      broken.write('{', () => broken.destroy())
    })
    expect((await fetch(`${electric.url}/v1/health`)).status).toBe(200)
    expect(electric.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })
})
