import { IR, type LoadSubsetOptions } from '@tanstack/db'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
// The package's own module, which it does not export: what it writes is what clients send.
import { compileSQL } from '../../../node_modules/@tanstack/electric-db-collection/dist/esm/sql-compiler.js'
import { createTable, startTestDatabase, type TestDatabase } from '../testing.ts'
import { openSubsets, type Subsets } from './testing-engine.ts'

type Expression = IR.BasicExpression<boolean>

let database: TestDatabase
let subsets: Subsets

beforeAll(async () => {
  database = await startTestDatabase()
  const { sql } = database
  await sql`CREATE TYPE mood AS ENUM ('sad', 'happy')`
  await createTable(
    sql,
    'items',
    `id int PRIMARY KEY, "userId" uuid, title text, done bool, score numeric, big int8, at timestamptz, mood mood,
     tags text[]`,
  )
  await sql.unsafe(`
    INSERT INTO items SELECT g, ('00000000-0000-0000-0000-00000000000' || g % 10)::uuid,
      CASE WHEN g % 7 = 0 THEN NULL ELSE 'Title ' || g % 10 END, CASE g % 4 WHEN 0 THEN NULL ELSE g % 2 = 0 END,
      g / 2.0, g * 10000000000, '2026-01-01'::timestamptz + g * interval '1 hour',
      (ARRAY['sad', 'happy', NULL])[1 + g % 3]::mood, ARRAY['a', 't' || g % 2]
    FROM generate_series(1, 40) g`)
  subsets = await openSubsets(database, { storageDir: null })
})

afterAll(async () => {
  await subsets?.close()
  await database?.stop()
})

const ref = (name: string) => new IR.PropRef([name])
const value = (of: unknown) => new IR.Value(of)

/** As the query builder's function of that name makes it. */
const call =
  (name: string) =>
  (...args: unknown[]): Expression =>
    new IR.Func(name, args.map(toExpression))

function toExpression(arg: unknown): IR.BasicExpression {
  const isExpression = arg instanceof IR.PropRef || arg instanceof IR.Value || arg instanceof IR.Func
  return isExpression ? arg : value(arg)
}

const eq = call('eq')
const gt = call('gt')
const gte = call('gte')
const lt = call('lt')
const lte = call('lte')
const and = call('and')
const or = call('or')
const not = call('not')
const isNull = call('isNull')
const isUndefined = call('isUndefined')
const inArray = call('in')
const like = call('like')
const ilike = call('ilike')
const lower = call('lower')
const upper = call('upper')
const concat = call('concat')
const coalesce = call('coalesce')

/** What the collection would get for its request. */
async function load(options: LoadSubsetOptions): Promise<number[]> {
  const { where = null, params = {}, orderBy = null, limit = null } = compileSQL(options)
  const texts = params as Record<string, string> // the compiler makes texts of all of them
  const answer = await subsets.ask(
    { table: 'items' },
    { where: where as string | null, params: texts, orderBy: orderBy as string | null, limit }, // of SQL, not expressions
  )
  return answer.data.map((row) => Number(row.value.id))
}

const found = async (where: string) => {
  const rows = await database.sql.unsafe<{ id: number }[]>(`SELECT id FROM items WHERE ${where} ORDER BY id`)
  return rows.map(({ id }) => id)
}

const USER = '00000000-0000-0000-0000-000000000003'
const DAY = new Date('2026-01-02T00:00:00.000Z')

const FORMS: [string, () => Expression | undefined, string][] = [
  ['nothing', () => undefined, 'true'],
  ['eq uuid', () => eq(ref('userId'), USER), `"userId" = '${USER}'`],
  ['eq int', () => eq(ref('id'), 7), 'id = 7'],
  ['eq bigint', () => eq(ref('big'), 70_000_000_000n), 'id = 7'],
  ['eq fraction', () => eq(ref('score'), 3.5), 'id = 7'],
  ['eq bool', () => eq(ref('done'), true), 'done'],
  ['eq enum', () => eq(ref('mood'), 'sad'), "mood = 'sad'"],
  ['eq empty text', () => eq(ref('title'), ''), 'false'],
  ['eq odd text', () => or(eq(ref('title'), `it's \\ "$1"`), eq(ref('id'), 1)), 'id = 1'],
  ['eq two columns', () => eq(ref('id'), ref('score')), 'id = score'],
  ['eq of conditions', () => eq(gt(ref('id'), 3), ref('done')), '(id > 3) = done'],
  ['gt, lt date', () => and(gt(ref('at'), DAY), lt(ref('at'), new Date())), `at > '${DAY.toISOString()}'`],
  ['gte and lte', () => and(gte(ref('id'), 3), lte(ref('id'), 9)), 'id BETWEEN 3 AND 9'],
  ['gt text', () => gt(ref('title'), 'Title 5'), "title > 'Title 5'"],
  ['gt false', () => gt(ref('done'), value(false)), 'done'],
  ['lte true', () => lte(ref('done'), value(true)), 'true'],
  ['lt false', () => lt(ref('done'), value(false)), 'false'],
  ['gte of a constant first', () => gte(value(true), ref('done')), 'true'],
  [
    'and of many',
    () => and(gt(ref('id'), 3), lt(ref('id'), 9), eq(ref('done'), true)),
    'id > 3 AND id < 9 AND done',
  ],
  ['or in and', () => and(or(eq(ref('id'), 1), eq(ref('id'), 2)), not(eq(ref('id'), 1))), 'id = 2'],
  ['in', () => inArray(ref('id'), [1, 2, 99]), 'id IN (1, 2)'],
  ['in nothing', () => inArray(ref('id'), []), 'false'],
  ['in texts', () => inArray(ref('title'), ['Title 1', `"\\,{}'`, 'NULL']), "title = 'Title 1'"],
  ['in uuids', () => inArray(ref('userId'), [USER]), `"userId" = '${USER}'`],
  ['in enums', () => inArray(ref('mood'), ['sad', 'happy']), 'mood IS NOT NULL'],
  ['in with null', () => inArray(ref('id'), [1, null]), 'id = 1'],
  ['in a column', () => inArray(value('t1'), ref('tags')), 'id % 2 = 1'],
  ['not in', () => not(inArray(ref('id'), [1, 2])), 'id > 2'],
  ['is null', () => isNull(ref('title')), 'title IS NULL'],
  ['is undefined', () => isUndefined(ref('title')), 'title IS NULL'],
  ['is not null', () => not(isNull(ref('title'))), 'title IS NOT NULL'],
  ['is null of a condition', () => isNull(eq(ref('done'), true)), 'done IS NULL'],
  ['like', () => like(ref('title'), 'Title%'), "title LIKE 'Title%'"],
  ['ilike', () => ilike(ref('title'), '%TLE 3'), "title ILIKE '%TLE 3'"],
  ['not like', () => not(like(ref('title'), '%1')), "title NOT LIKE '%1'"],
  ['lower, upper', () => eq(lower(ref('title')), upper('title 3')), 'false'],
  ['lower like', () => like(lower(ref('title')), 'title 3'), "lower(title) = 'title 3'"],
  ['concat', () => eq(concat(ref('title'), '!'), 'Title 3!'), "title = 'Title 3'"],
  ['coalesce', () => eq(coalesce(ref('title'), 'none'), 'none'), 'title IS NULL'],
  ['a constant', () => and(value(true), eq(ref('id'), 5)), 'id = 5'],
  ['nothing after a null cursor', () => and(eq(ref('id'), 5), value(false)), 'false'],
]

test.each(FORMS)('the collection is answered: %s', async (_, make, plain) => {
  const where = make()
  const ids = await load({ ...(where ? { where } : {}), orderBy: [by('id', 'asc', 'last')] })
  expect(ids).toEqual(await found(plain))
})

function by(name: string, direction: 'asc' | 'desc', nulls: 'first' | 'last') {
  return { expression: ref(name), compareOptions: { direction, nulls, stringSort: 'lexical' as const } }
}

test('it is answered in the order of several columns, nulls where it wants them, so many as it wants', async () => {
  const order = 'title DESC NULLS FIRST, done ASC NULLS LAST, id DESC NULLS LAST'
  const rows = await database.sql.unsafe<{ id: number }[]>(`SELECT id FROM items ORDER BY ${order} LIMIT 15`)
  const orderBy = [by('title', 'desc', 'first'), by('done', 'asc', 'last'), by('id', 'desc', 'last')]
  expect(await load({ orderBy, limit: 15 })).toEqual(rows.map(({ id }) => id))
})

const comparison = fc.constantFrom(
  ...[eq(ref('id'), 7), gt(ref('score'), 5), lte(ref('id'), 30), eq(ref('done'), true), isNull(ref('mood'))],
  ...[inArray(ref('id'), [3, 4, 5]), like(ref('title'), '%3'), eq(ref('mood'), 'sad'), gt(ref('at'), DAY)],
)
const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    comparison,
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => and(a, b)),
    fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([a, b, c]) => or(a, b, c)),
    tie('tree').map((a) => not(a)),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => eq(a, b)),
  ),
}))

test('whatever it makes of its operators is answered as Postgres does', async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (where) => {
      const { where: text, params = {} } = compileSQL({ where })
      const values = params as Record<string, string> // see above
      const plain = String(text).replaceAll(/\$(\d+)/g, (_, number) => `'${values[number]}'`)
      expect(await load({ where, orderBy: [by('id', 'asc', 'last')] })).toEqual(await found(plain))
    }),
    { numRuns: 150 },
  )
})
