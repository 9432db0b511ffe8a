import { expect, test } from 'vitest'
import { check, EVERYTHING, ITEMS, refusalOf } from './testing.ts'

const sqlOf = async (where: string, params: Record<string, string> = {}) =>
  (await check({ where, params })).where?.replaceAll('subset_row.', '')

test.each([
  ['true = true', '(true = true)'],
  ['false', 'false'],
  ['"Done"', '"Done"'],
  ['id = 0', '("id" = 0)'],
  ['id = -7', '("id" = (-7))'],
  ['- id < 1.5e3', '((- "id") < 1.5e3)'],
  ['id = 99999999999', '("id" = 99999999999)'],
  ['ID != 5', '("id" <> 5)'],
  ["title = ''", `("title" = '')`],
  ["title = 'it''s'", `("title" = 'it''s')`],
  ["title = 'a\\b'", `("title" = E'a\\\\b')`],
  ["title = E'a\\'b'", `("title" = 'a''b')`],
  ['title = $$x$$', `("title" = 'x')`],
  ["title = U&'\\0041'", `("title" = 'A')`],
  ['title IS NULL', '("title" IS NULL)'],
  ['title IS NOT NULL', '("title" IS NOT NULL)'],
  ['doc IS NULL', '("doc" IS NULL)'],
  ['NOT (id = 1)', '(NOT ("id" = 1))'],
  ['id = 1 AND id = 2 OR id = 3', '((("id" = 1) AND ("id" = 2)) OR ("id" = 3))'],
  ["title LIKE 'a%'", `("title" ~~ 'a%')`],
  ["title NOT LIKE 'a%'", `("title" !~~ 'a%')`],
  ["title ILIKE 'a%' AND title NOT ILIKE 'b'", `(("title" ~~* 'a%') AND ("title" !~~* 'b'))`],
  ["like(title, 'a') OR ilike(title, 'b')", `(("title" ~~ 'a') OR ("title" ~~* 'b'))`],
  ["LOWER(title) = upper('x')", `(pg_catalog.lower("title") = pg_catalog.upper('x'))`],
  ["concat(title, id, NULL) = 'x'", `(pg_catalog.concat("title", "id", NULL) = 'x')`],
  ["coalesce(title, '') = 'x'", `(COALESCE("title", '') = 'x')`],
  ['greatest(id, 1) > least(id, 2)', '(GREATEST("id", 1) > LEAST("id", 2))'],
  ['id IN (1, 2) AND id NOT IN (3)', '(("id" IN (1, 2)) AND ("id" NOT IN (3)))'],
  ['id BETWEEN 1 AND 2', '("id" BETWEEN 1 AND 2)'],
  ['id NOT BETWEEN 1 AND 2', '("id" NOT BETWEEN 1 AND 2)'],
  ['id BETWEEN SYMMETRIC 2 AND 1', '("id" BETWEEN SYMMETRIC 2 AND 1)'],
  ['id NOT BETWEEN SYMMETRIC 2 AND 1', '("id" NOT BETWEEN SYMMETRIC 2 AND 1)'],
  ['id IS DISTINCT FROM 1', '("id" IS DISTINCT FROM 1)'],
  ['id IS NOT DISTINCT FROM NULL', '("id" IS NOT DISTINCT FROM NULL)'],
  ['"Done" IS TRUE', '("Done" IS TRUE)'],
  ['"Done" IS NOT UNKNOWN', '("Done" IS NOT UNKNOWN)'],
  ["id = ANY('{1,2}')", `("id" = ANY ('{1,2}'))`],
  ['id > ALL (ARRAY[1, 2])', '("id" > ALL (ARRAY[1, 2]))'],
  ["title LIKE ANY('{a%}')", `("title" ~~ ANY ('{a%}'))`],
  ["'x' = ANY(tags)", `('x' = ANY ("tags"))`],
  ["tags @> ARRAY['a'] OR tags <@ '{}' OR tags && '{b}'", null],
  ["tags[1] = 'a'", `((("tags")[1]) = 'a')`],
  ["tags[1:2] = '{a}'", `((("tags")[1:2]) = '{a}')`],
  ["tags[:2] = '{a}'", `((("tags")[:2]) = '{a}')`],
  ["mood = 'sad'", `("mood" = 'sad')`],
  ["mood::text LIKE 's%'", `(("mood"::pg_catalog.text) ~~ 's%')`],
  ["'5'::int = id", `(('5'::pg_catalog.int4) = "id")`],
  ["CAST('{5}' AS int[]) = NULL", `(('{5}'::pg_catalog.int4[]) = NULL)`],
  ["at > timestamptz '2020-01-01'", `("at" > ('2020-01-01'::pg_catalog.timestamptz))`],
  ["at > timestamp with time zone '2020-01-01'", `("at" > ('2020-01-01'::pg_catalog.timestamptz))`],
  ["at + interval '1 day' < 'now'", `(("at" + ('1 day'::pg_catalog.interval)) < 'now')`],
  ["at AT TIME ZONE 'UTC' > '2020-01-01'", `(pg_catalog.timezone('UTC', "at") > '2020-01-01')`],
  ['id + 1 - 2 * 3 / 4 ^ 5 > |/ 4 AND id & 1 | 2 # 3 = ~ 4 AND @ id = 4', null],
  ["title || 'x' = 'ax'", `(("title" || 'x') = 'ax')`],
  ["title /* why */ = 'x' -- so", `("title" = 'x')`],
])('%s is taken', async (where, sql) => {
  const written = await sqlOf(where)
  if (sql === null) expect(written).toBeTypeOf('string')
  else expect(written).toBe(sql)
})

test('parameters stand as literals without a type, which take that of what they meet', async () => {
  expect(await sqlOf('id = $1 AND title = $2', { 1: '5', 2: "it's \\" })).toBe(
    `(("id" = '5') AND ("title" = E'it''s \\\\'))`,
  )
  expect(await sqlOf('id = ANY($1)', { 1: '{1,2}' })).toBe(`("id" = ANY ('{1,2}'))`)
})

test.each([
  // Other tables, functions, and whatever else a statement can do.
  ['id IN (SELECT id FROM items)', 'Subqueries are not allowed in subsets'],
  ['EXISTS (SELECT 1)', 'Subqueries are not allowed in subsets'],
  ['id = (SELECT 1)', 'Subqueries are not allowed in subsets'],
  ['id = ARRAY(SELECT 1)', 'Subqueries are not allowed in subsets'],
  ['coalesce((SELECT 1), 2) = 1', 'Subqueries are not allowed in subsets'],
  ['true; DROP TABLE items', 'unescaped ";" causing statement split'],
  ['true;', 'unescaped ";" causing statement split'],
  ['true UNION SELECT 1', 'malformed query ending with SQL clauses'],
  ['true GROUP BY id', 'malformed query ending with SQL clauses'],
  ['true ORDER BY id', 'malformed query ending with SQL clauses'],
  ['true HAVING true', 'malformed query ending with SQL clauses'],
  ['true LIMIT 1', 'malformed query ending with SQL clauses'],
  ['true OFFSET 1', 'malformed query ending with SQL clauses'],
  ['true FOR UPDATE', 'malformed query ending with SQL clauses'],
  ['true WINDOW w AS ()', 'malformed query ending with SQL clauses'],
  ['true) OR (true', 'At location 19: syntax error at or near ")"'],
  ['true INTO x', 'At location 20: syntax error at or near "INTO"'],
  ['true FROM items', 'At location 20: syntax error at or near "FROM"'],
  ['1 x 1', 'At location 17: syntax error at or near "x"'],
  ["title = 'x", 'At location 23: unterminated quoted string at or near "\'x"'],
  ['-- nothing', 'At location 25: syntax error at end of input'],
  ["title = 'x\0' OR true", 'At location 25: invalid byte sequence for encoding "UTF8": 0x00'],
  ["pg_sleep(10) = ''", 'At location 0: unknown or unsupported function pg_sleep/1'],
  ["set_config('a', 'b', false) = 'b'", 'At location 0: unknown or unsupported function set_config/3'],
  ["public.lower('A') = 'a'", 'At location 0: unknown or unsupported function public.lower/1'],
  [`"pg_catalog.lower"('A') = 'a'`, 'At location 0: unknown or unsupported function pg_catalog.lower/1'],
  ["lower('a', 'b') = 'a'", 'At location 0: unknown or unsupported function lower/2'],
  ["lower(VARIADIC '{}') = 'a'", 'At location 0: unknown or unsupported function lower/1'],
  ["lower(DISTINCT title) = 'a'", 'At location 0: unknown or unsupported function lower/1'],
  ["lower(title) OVER () = 'a'", 'At location 0: unknown or unsupported function lower/1'],
  ["lower(title ORDER BY id) = 'a'", 'At location 0: unknown or unsupported function lower/1'],
  ["lower(title) FILTER (WHERE true) = 'a'", 'At location 0: unknown or unsupported function lower/1'],
  ["lower(x => 'A') = 'a'", 'At location 6: NamedArgExpr is not supported in this context'],
  ['count(*) > 1', 'At location 0: unknown or unsupported function count/0'],
  ['length(title) = 1', 'At location 0: unknown or unsupported function length/1'],
  ['now() > at', 'At location 0: unknown or unsupported function now/0'],
  ["extract('year' FROM at) = 1", 'At location 0: unknown or unsupported function pg_catalog.extract/2'],
  ["title LIKE 'a' ESCAPE 'b'", 'At location 6: unknown or unsupported function pg_catalog.like_escape/2'],
  ['current_date > at', 'At location 0: SQLValueFunction is not supported in this context'],
  ["current_user = 'x'", 'At location 0: SQLValueFunction is not supported in this context'],
  ['CASE WHEN true THEN true END', 'At location 0: CaseExpr is not supported in this context'],
  ['nullif(id, 1) = 1', 'At location 0: AEXPR_NULLIF is not supported in this context'],
  ["title SIMILAR TO 'a'", 'At location 6: AEXPR_SIMILAR is not supported in this context'],
  [`title COLLATE "C" = 'a'`, 'At location 6: CollateClause is not supported in this context'],
  ['(id, title) = (1, 2)', 'At location 0: RowExpr is not supported in this context'],
  ['ROW(id) = ROW(1)', 'At location 0: RowExpr is not supported in this context'],
  ["title = B'101'", 'At location 8: BitString is not supported in this context'],
  ['id % 2 = 0', 'At location 3: unknown binary operator "%"'],
  ["title ~ 'a'", 'At location 6: unknown binary operator "~"'],
  ["doc ->> 'a' = 'b'", 'At location 4: unknown binary operator "->>"'],
  ['id OPERATOR(public.=) 1', 'At location 3: unknown binary operator "public.="'],
  ['id OPERATOR(pg_catalog.+) 1 = 2', 'At location 3: unknown binary operator "pg_catalog.+"'],
  ["id = ANY('{1}') AND id @@ ANY('{1}')", 'At location 23: unknown binary operator "@@"'],
  ['!! id = 1', 'At location 0: unknown unary operator "!!"'],
  // Columns.
  ['missing = 1', 'At location 0: unknown reference missing'],
  ['done', 'At location 0: unknown reference done'],
  ['items.id = 1', 'At location 0: unknown reference items.id'],
  ['items IS NULL', 'At location 0: unknown reference items'],
  ['items.* IS NULL', 'At location 0: unknown reference items.*'],
  ['subset_row.id = 1', 'At location 0: unknown reference subset_row.id'],
  ['ctid IS NULL', 'At location 0: unknown reference ctid'],
  ['tableoid = 1', 'At location 0: unknown reference tableoid'],
  ["tags[1].x = 'a'", 'String is not supported in this context'],
  ["doc = '{}'", 'At location 0: type json of doc is not supported in this context'],
  ['coalesce(doc, NULL) IS NULL', 'At location 9: type json of doc is not supported in this context'],
  // Types.
  ["'items'::regclass = id", 'At location 9: unknown or unsupported type regclass'],
  ["'sad'::public.mood = mood", 'At location 7: unknown or unsupported type public.mood'],
  ["title::varchar(3) = 'a'", 'At location 7: unknown or unsupported type pg_catalog.varchar'],
  ['id::xml IS NULL', 'At location 4: unknown or unsupported type xml'],
  ['title = $1', 'At location 8: parameter $1 was not provided'],
  ['title = $0', 'At location 8: parameter $0 was not provided'],
])('%s is not', async (where, message) => {
  expect(await refusalOf({ where })).toEqual({ where: [message] })
})

test.each([
  ['id', '"id"'],
  ['id ASC, title DESC', '"id" ASC, "title" DESC'],
  ['"Done" NULLS FIRST, at DESC NULLS LAST', '"Done" NULLS FIRST, "at" DESC NULLS LAST'],
  ['2 DESC', '"title" DESC'],
])('sorting by %s is taken', async (orderBy, sql) => {
  expect((await check({ orderBy })).orderBy?.replaceAll('subset_row.', '')).toBe(sql)
})

test.each([
  ['lower(title)', 'At location 18: FuncCall expressions are not allowed in ORDER BY clauses'],
  ['id, now()', 'At location 22: FuncCall expressions are not allowed in ORDER BY clauses'],
  ['id + 1', 'At location 21: A_Expr expressions are not allowed in ORDER BY clauses'],
  ['title COLLATE "C"', 'At location 24: CollateClause expressions are not allowed in ORDER BY clauses'],
  ['id::text', 'At location 20: TypeCast expressions are not allowed in ORDER BY clauses'],
  ['$1', 'At location 18: ParamRef expressions are not allowed in ORDER BY clauses'],
  ['(SELECT 1)', 'Subqueries are not allowed in subsets'],
  ['id USING <', 'At location 27: USING is not allowed in ORDER BY clauses'],
  ["'x'", 'At location 18: non-integer constant in ORDER BY'],
  ['0', 'At location 18: ORDER BY position 0 is not in select list'],
  ['8', 'At location 18: ORDER BY position 8 is not in select list'],
  ['missing', 'At location 18: unknown reference missing'],
  ['items.id', 'At location 18: unknown reference items.id'],
  ['id; DROP TABLE items', 'Unexpected `;` in order by'],
  ['id;', 'Unexpected `;` in order by'],
  ['id LIMIT 1', 'malformed query ending with SQL clauses'],
  ['id FOR UPDATE', 'malformed query ending with SQL clauses'],
  ['id UNION SELECT 1', 'At location 21: syntax error at or near "UNION"'],
  ['id,', 'At location 21: syntax error at end of input'],
])('sorting by %s is not', async (orderBy, message) => {
  expect(await refusalOf({ orderBy })).toEqual({ order_by: [message] })
})

test('limit and offset need an order and must make sense', async () => {
  expect(await refusalOf({ limit: 1 })).toEqual({
    order_by: ['order_by is required when limit or offset is present'],
  })
  expect(await refusalOf({ offset: 0 })).toEqual({
    order_by: ['order_by is required when limit or offset is present'],
  })
  expect(await refusalOf({ orderBy: 'id', limit: 0, offset: -1 })).toEqual({
    limit: ['must be greater than 0'],
    offset: ['must be greater than or equal to 0'],
  })
  expect(await check({ orderBy: 'id', limit: 1, offset: 0 })).toMatchObject({ limit: 1, offset: 0 })
})

test('parameters are numbered from one, without a gap', async () => {
  const refused = async (params: Record<string, string>) => refusalOf({ where: 'true', params })
  expect(await refused({ a: '' })).toEqual({ params: ['Parameters can only use numbers as keys'] })
  const gap = { params: ['Parameters must be numbered sequentially, starting from 1'] }
  expect(await refused({ 2: '' })).toEqual(gap)
  expect(await refused({ 0: '', 1: '' })).toEqual(gap)
  expect(await refused({ 1: '', '01': '' })).toEqual(gap)
  expect(await refused({ 1: 'a\0' })).toEqual({ params: ['invalid byte sequence: 0x00'] })
  expect(await refused({ 1: 'not used' })).toBeNull()
})

test('only columns that may be asked about are known', async () => {
  const [id, title] = ITEMS.columns
  if (!id || !title) throw new Error('the table has both')
  const narrow = { ...EVERYTHING, columns: [id, title] }
  expect(await refusalOf({ where: '"Done"' }, narrow)).toEqual({
    where: ['At location 0: unknown reference Done'],
  })
  expect(await refusalOf({ orderBy: '"Done"' }, narrow)).toEqual({
    order_by: ['At location 18: unknown reference Done'],
  })
  const listed = { ...narrow, queryableColumns: ['id', 'Done'] }
  expect(await refusalOf({ where: '"Done"', orderBy: '1' }, listed)).toBeNull()
  expect(await refusalOf({ where: "title = ''" }, listed)).toEqual({
    where: ['At location 0: unknown reference title'],
  })
  expect(await refusalOf({ orderBy: '2' }, listed)).toEqual({
    order_by: ['At location 18: ORDER BY position 2 is not in select list'],
  })
})

test('what is long, deep or swells is refused, and what is merely many is not', async () => {
  const many = (count: number, each: string, between: string) => Array(count).fill(each).join(between)
  expect(await refusalOf({ where: `title = '${'x'.repeat(66_000)}'` })).toEqual({
    where: ['is bigger than maximum size allowed (65536 bytes)'],
  })
  const swelling = { where: many(5_000, "$1 = ''", ' OR '), params: { 1: 'x'.repeat(1_000_000) } }
  expect(await refusalOf(swelling)).toEqual({ where: [expect.stringContaining('too long')] })
  for (const deep of [
    `${'NOT '.repeat(16_000)}true`,
    `${'('.repeat(30_000)}true${')'.repeat(30_000)}`,
    `id = 1${'+1'.repeat(30_000)}`,
    `id ${'IS NULL '.repeat(8_000)}`,
    `id = 1${'::int'.repeat(12_000)}`,
    `${'coalesce('.repeat(7_000)}1`,
  ]) {
    expect(await refusalOf({ where: deep }), deep.slice(0, 20)).toEqual({ where: [expect.any(String)] })
  }
  for (const joined of [
    `${many(102, 'title', ' || ')} = ''`,
    `concat(${many(60, 'concat(title, id)', ',')}) = ''`,
  ]) {
    expect(await refusalOf({ where: joined })).toEqual({ where: [expect.stringContaining('concatenated')] })
  }
  expect(await refusalOf({ where: many(4_000, 'id = 1', ' OR ') })).toBeNull()
  expect(await refusalOf({ where: `id IN (${many(20_000, '1', ', ')})` })).toBeNull()
  expect(await refusalOf({ orderBy: many(10_000, 'id', ', ') })).toBeNull()
})
