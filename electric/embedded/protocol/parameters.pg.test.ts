import { randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTable, get, sync } from '../testing.ts'
import { type Items, owned, startItems } from './items.ts'
import { ask } from './raw-http.ts'

let items: Items

beforeAll(async () => {
  items = await startItems()
  await createTable(
    items.database.sql,
    'computed',
    'id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) VIRTUAL',
  )
})

afterAll(() => items?.stop())

const READ = { table: 'items', offset: '-1' }

type Params = Record<string, string>

async function expectRefusal(params: Params, errors: unknown, method = 'GET'): Promise<void> {
  const answer = await get(items.electric, params, { method })
  expect([answer.status, answer.body], JSON.stringify(params)).toEqual([
    400,
    { message: 'Invalid request', errors },
  ])
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('surrogate-control')).toBe('no-store')
  for (const name of ['electric-handle', 'electric-offset', 'electric-cursor', 'electric-has-data', 'etag']) {
    expect(answer.headers.has(name), name).toBe(false)
  }
}

describe('validation, step by step (section 1.1)', () => {
  // Each case is wrong in all later steps too: the first step that fails ends it.
  const wrongLater = { columns: 'zzz', where: 'nobody = 1', subset__limit: '0' }
  const steps: [string, Params, unknown][] = [
    [
      'types, all at once',
      {
        table: 'a.b.c',
        replica: 'some',
        log: 'half',
        columns: 'a@b',
        queryable_columns: '""',
        experimental_compaction: 'maybe',
        'params[x]': '1',
      },
      {
        columns: ['Invalid unquoted identifier contains special characters: a@b'],
        experimental_compaction: ['is invalid'],
        log: ['is invalid'],
        params: ['Parameters can only use numbers as keys'],
        queryable_columns: ['Invalid zero-length delimited identifier'],
        replica: ['is invalid'],
      },
    ],
    ['offset', { ...wrongLater, live_sse: 'true' }, { offset: ["can't be blank"] }],
    ['an empty offset', { ...wrongLater, offset: '' }, { offset: ["can't be blank"] }],
    ["an offset's form", { ...wrongLater, offset: '1_' }, { offset: ['has invalid format'] }],
    [
      'handle',
      { ...wrongLater, offset: '0_0', live_sse: 'true' },
      { handle: ["can't be blank when offset != -1"] },
    ],
    [
      'live from scratch',
      { ...wrongLater, offset: '-1', live: 'true' },
      { live: ["can't be true when offset == -1"] },
    ],
    [
      'live from now',
      { ...wrongLater, offset: 'now', live: '' },
      { live: ["can't be true when offset is 'now'"] },
    ],
    [
      'live_sse',
      { ...wrongLater, offset: '0_0', handle: 'h', live: 'false', live_sse: '' },
      { live_sse: ["can't be true unless live is also true"] },
    ],
    ['table', { ...wrongLater, offset: '-1' }, { table: ["can't be blank"] }],
    [
      "a table's name",
      { ...wrongLater, offset: '-1', table: 'a b' },
      { table: ['Invalid unquoted identifier contains special characters: a b'] },
    ],
    [
      'a name too long',
      { ...wrongLater, offset: '-1', table: 'x'.repeat(64) },
      { table: ['Identifier is too long (max length is 63)'] },
    ],
    [
      'a quote within quotes',
      { ...wrongLater, offset: '-1', table: '"a"b"' },
      { table: ['Invalid identifier with unescaped quote: a"b'] },
    ],
    [
      'too many parts',
      { ...wrongLater, offset: '-1', table: 'a.b.c' },
      { table: ['Invalid relation identifier, too many delimiters: a.b.c'] },
    ],
    [
      'a table that is not there',
      { ...wrongLater, offset: '-1', table: 'Nothing' },
      {
        table: [
          'Table "public"."nothing" does not exist. If the table name contains capitals or special characters you must quote it.',
        ],
      },
    ],
    [
      'queryable columns without the key',
      { ...wrongLater, ...READ, queryable_columns: 'size' },
      {
        queryable_columns: [
          'The list of queryable columns must include all primary key columns, missing: id',
        ],
      },
    ],
    [
      'queryable columns that are not there',
      { ...wrongLater, ...READ, queryable_columns: 'id,yyy' },
      { queryable_columns: ['The following queryable columns are not found on the table: yyy'] },
    ],
    [
      'columns without the key',
      { ...wrongLater, ...READ, columns: 'size' },
      { columns: ['The list of columns must include all primary key columns, missing: id'] },
    ],
    [
      'columns that are not there',
      { ...wrongLater, ...READ, columns: 'id,zzz' },
      { columns: ['The following columns are not found on the table: zzz'] },
    ],
    [
      'where',
      { ...wrongLater, ...READ, columns: 'id' },
      { where: ['At location 0: unknown reference nobody'] },
    ],
    [
      'a missing parameter',
      { ...READ, where: 'owner = $1', subset__limit: '0' },
      { where: ['At location 8: parameter $1 was not provided'] },
    ],
    [
      'parameters with a gap',
      { ...READ, where: 'owner = $2', 'params[2]': 'x' },
      { params: ['Parameters must be numbered sequentially, starting from 1'] },
    ],
    [
      'a subset, last',
      { ...READ, subset__limit: '0', subset__offset: '-1' },
      {
        subset: {
          limit: ['must be greater than 0'],
          offset: ['must be greater than or equal to 0'],
          order_by: ['order_by is required when limit or offset is present'],
        },
      },
    ],
    [
      "a subset's types",
      { ...READ, subset__limit: 'x', subset__offset: '1.5', subset__params: '[1]' },
      {
        subset: { limit: ['is invalid'], offset: ['is invalid'], params: ['params must be a JSON object'] },
      },
    ],
    [
      "a subset's parameters",
      { ...READ, subset__params: '{' },
      { subset: { params: ['params must be valid JSON'] } },
    ],
  ]

  test.each(steps)('%s', (_title, params, errors) => expectRefusal(params, errors))

  test('columns that Postgres computes when they are read', async () => {
    const text = 'The following columns are generated and cannot be included in the shape: g'
    await expectRefusal({ table: 'computed', offset: '-1', columns: 'id,g' }, { columns: [text] })
    await expectRefusal(
      { table: 'computed', offset: '-1' },
      {
        columns: [
          `${text}. You can exclude them from the shape by explicitly listing which columns to fetch in the 'columns' query param`,
        ],
      },
    )
    expect((await sync(items.electric, { table: 'computed', columns: 'id,a' })).last.status).toBe(200)
  })

  test('an offset beyond the end is out of bounds, after a wait for the log to reach it', async () => {
    const owner = randomUUID()
    const { handle } = await sync(items.electric, owned(owner))
    for (const live of [{}, { live: 'true' }, { live: 'true', live_sse: 'true' }]) {
      const params = { ...owned(owner), handle, offset: '99999999999999_0', ...live }
      await expectRefusal(params, { offset: ['out of bounds for this shape'] })
    }
  })

  test('whoever waits out of bounds is answered as soon as the log gets there', async () => {
    const owner = randomUUID()
    await items.with({ longPollTimeoutMs: 60_000 }, async (patient) => {
      const { handle, last } = await sync(patient, owned(owner))
      const params = { ...owned(owner), handle }
      const live = get(patient, { ...params, offset: last.offset, live: 'true' })
      await items.insert(owner)
      const { offset } = await live
      const next = `${BigInt(offset.split('_')[0] ?? '') + 1n}_0`
      const beyond = get(patient, { ...params, offset: next })
      await items.insert(owner)
      const answer = await beyond
      expect([answer.status, answer.changes.length]).toEqual([200, 1])
    })
  })
})

describe('parameters (section 1)', () => {
  test('an empty value counts as not given', async () => {
    const empty = [
      'where',
      'columns',
      'replica',
      'log',
      'handle',
      'queryable_columns',
      'params',
      'subset',
      'cursor',
    ]
    const blank = Object.fromEntries(empty.map((name) => [name, '']))
    const plain = await get(items.electric, READ)
    expect((await get(items.electric, { ...blank, ...READ })).handle).toBe(plain.handle)
  })

  test('unknown ones mean nothing', async () => {
    const plain = await get(items.electric, READ)
    const others = {
      expired_handle: plain.handle,
      'cache-buster': '1',
      cursor: '7',
      whatever: 'x',
      source_id: 'y',
    }
    expect((await get(items.electric, { ...READ, ...others })).handle).toBe(plain.handle)
  })

  test('of two values the last one counts', async () => {
    const { url } = items.electric
    const path = '/v1/shape?table=nothing&offset=-1&table=items&columns=zzz&columns='
    expect((await ask(url, path)).status).toBe(200)
    expect((await ask(url, '/v1/shape?table=items&offset=-1&table=nothing')).status).toBe(400)
    expect((await ask(url, '/v1/shape?table=items&offset=-1&table[]=items')).status).toBe(400)
  })

  test('text that is no UTF-8 is refused, and not read as something like it', async () => {
    const path = '/v1/shape?table=items&offset=-1&where=title%20=%20$1&params[1]=%ff'
    expect((await ask(items.electric.url, path)).status).toBe(400)
  })

  test('queryable columns are those that are read, where none are named', async () => {
    const owner = randomUUID()
    await items.insert(owner)
    const columnsOf = async (params: Params) => {
      const { responses } = await sync(items.electric, { ...owned(owner), ...params })
      return Object.keys(responses[0]?.changes[0]?.value ?? {})
    }
    expect(await columnsOf({ queryable_columns: 'owner,id' })).toEqual(['id', 'owner'])
    expect(await columnsOf({ queryable_columns: 'id', columns: 'title,id' })).toEqual(['id', 'title'])
  })

  test('a table whose changes would not arrive is an error that says why', async () => {
    const { sql } = items.database
    await sql.unsafe(`
      CREATE TABLE unpublished (id int PRIMARY KEY);
      ALTER TABLE unpublished REPLICA IDENTITY FULL;
      CREATE TABLE keyed (id int PRIMARY KEY);
      ALTER PUBLICATION electric_publication_default ADD TABLE keyed`)
    const unpublished = await get(items.electric, { table: 'unpublished', offset: '-1' })
    expect(unpublished.status).toBe(503)
    expect(unpublished.body.message).toContain('missing from the publication "electric_publication_default"')
    expect(unpublished.headers.get('retry-after')).toBe('10')
    expect(unpublished.headers.get('electric-internal-known-error')).toBe('true')
    expect(unpublished.headers.get('cache-control')).toBe('no-store')
    const keyed = await get(items.electric, { table: 'keyed', offset: '-1' })
    expect(keyed.body.message).toContain('replica identity set to FULL')
    await sql`ALTER TABLE keyed REPLICA IDENTITY FULL`
    expect((await get(items.electric, { table: 'keyed', offset: '-1' })).status).toBe(200)
  })

  test('text is compared as it is, whatever it contains', async () => {
    const title = `'; DROP TABLE items; -- ü "$1"`
    await items.insert(null, 1, title)
    const params = { table: 'items', where: 'title = $1', 'params[1]': title }
    const { changes } = await sync(items.electric, params)
    expect(changes.map(({ value }) => value.title)).toEqual([title])
  })

  test('a predicate that is not certain to mean the same to Postgres is refused', async () => {
    const cases: [string, string][] = [
      ['owner = $1 OR reverse(title) = $1', 'At location 14: unknown or unsupported function reverse/1'],
      ["title || 'x' = $1", 'At location 6: unknown binary operator "||"'],
      ['size = $1; drop table items', 'unescaped ";" causing statement split'],
      ['1 x $1', 'At location 17: syntax error at or near "x"'],
      [`title = '${'x'.repeat(70_000)}' AND size = $1`, ''],
    ]
    for (const [where, message] of cases) {
      const { status, body } = await get(items.electric, { ...READ, where, 'params[1]': '1' })
      expect(status, where.slice(0, 80)).toBe(400)
      expect(body.errors.where).toEqual([message === '' ? expect.stringContaining('maximum size') : message])
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
      'table=items&offset=-1&subset[__proto__][limit]=1&subset__constructor=1&subset__limit=y',
      `table=items&offset=-1&params${'[x]'.repeat(2_000)}=1`,
    ]
    for (const query of wild) {
      const { status } = await ask(items.electric.url, `/v1/shape?${query}`)
      expect(status, query).toBeGreaterThanOrEqual(400)
      expect(status, query).toBeLessThan(500)
    }
    await new Promise<void>((resolve) => {
      const headers = { 'content-length': 100 }
      const broken = httpRequest(`${items.electric.url}/v1/shape`, { method: 'POST', headers })
      broken.on('error', () => {}).on('close', resolve)
      broken.write('{', () => broken.destroy())
    })
    expect((await ask(items.electric.url, '/v1/health')).status).toBe(200)
    expect(items.electric.lines.filter((line) => line.startsWith('error'))).toEqual([])
  })
})
