import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type ClauseDatabase, startClauseDatabase } from './testing.ts'

/** What is not certain to mean the same here and in Postgres is refused, in the words of the real service. */

let database: ClauseDatabase

beforeAll(async () => {
  database = await startClauseDatabase(inject('testServerUrl'), { rowCount: 1 })
})

afterAll(() => database?.stop())

async function messageOf(sql: string, ...params: string[]): Promise<unknown> {
  const error: unknown = await database.define({ sql, params }).catch((caught: unknown) => caught)
  expect(error, sql).toMatchObject({ status: 400, body: { message: 'Invalid request' } })
  return (error as { body: { errors: { where: string[] } } }).body.errors.where[0] // as just seen
}

const REFUSED: Record<string, [string, string][]> = {
  'what is no clause': [
    ['1 x 1', 'At location 17: syntax error at or near "x"'],
    ["text_a = '", `At location 24: unterminated quoted string at or near "'"`],
    ['   ', 'At location 18: syntax error at end of input'],
    ['true; DROP TABLE samples', 'unescaped ";" causing statement split'],
    ['true;', 'unescaped ";" causing statement split'],
    ['true GROUP BY 1', 'malformed query ending with SQL clauses'],
    ['true ORDER BY id', 'malformed query ending with SQL clauses'],
    ['true HAVING true', 'malformed query ending with SQL clauses'],
    ['true UNION SELECT 1', 'malformed query ending with SQL clauses'],
    ['true FOR UPDATE', 'malformed query ending with SQL clauses'],
    ['id', 'WHERE clause must return a boolean'],
    ['1', 'WHERE clause must return a boolean'],
    ["'true'", 'WHERE clause must return a boolean'],
    ['NULL', 'WHERE clause must return a boolean'],
    ['bool_a AND id', 'At location 11: reference id of type int4 is not castable to bool'],
    ['NOT text_a', 'At location 4: reference text_a of type text is not castable to bool'],
    ['id IS TRUE', 'At location 3: argument of IS TRUE must be bool, not int4'],
  ],
  'what it does not know': [
    ['nobody = 1', 'At location 0: unknown reference nobody'],
    ['samples.id = 1', 'At location 0: unknown reference samples.id'],
    ['"Text_a" = \'x\'', 'At location 0: unknown reference "Text_a"'],
    ['ctid IS NULL', 'At location 0: unknown reference ctid'],
    ['pg_sleep(1) IS NULL', 'At location 0: unknown or unsupported function pg_sleep/1'],
    ['now() > timestamptz_a', 'At location 0: unknown or unsupported function now/0'],
    ['lower(text_a, 1) = $1', 'At location 0: unknown or unsupported function lower/2'],
    ['public.lower(text_a) IS NULL', 'At location 0: unknown or unsupported function public.lower/1'],
    ['lower(id) IS NULL', 'At location 0: Could not select a function overload for lower(int4)'],
    ['lower(DISTINCT text_a) IS NULL', 'At location 0: aggregation is not supported in this context'],
    ['id + 1 = 2', 'At location 3: unknown binary operator "+"'],
    ["json ->> 'a' = 'b'", 'At location 5: unknown binary operator "->>"'],
    ['- id = 2', 'At location 0: unknown unary operator "-"'],
    ['id OPERATOR(public.=) 1', 'At location 3: unknown binary operator "public.="'],
    ["text_a ~ 'x'", 'At location 7: unknown binary operator "~"'],
    ["text_a SIMILAR TO 'x'", 'At location 7: expression ~ of :AEXPR_SIMILAR is not currently supported'],
    ['NULLIF(id, 1) = 2', 'At location 0: expression = of :AEXPR_NULLIF is not currently supported'],
    ['CASE WHEN bool_a THEN true END', 'At location 0: CaseExpr is not supported in this context'],
    ['current_date = date_a', 'At location 0: SQLValueFunction is not supported in this context'],
    ['coalesce(bool_a, true)', 'At location 0: CoalesceExpr is not supported in this context'],
    ['ROW(id, id) = ROW(1, 2)', 'At location 0: RowExpr is not supported in this context'],
    ['text_a COLLATE "C" = \'x\'', 'At location 7: CollateClause is not supported in this context'],
    ['int4_s[1] = 1', 'At location 0: A_Indirection is not supported in this context'],
    ["B'1' = B'1'", 'At location 0: BitString values are not supported'],
  ],
  'types that are not compared': [
    ['id = text_a', 'At location 3: Could not select an operator overload'],
    ['text_a = 5', 'At location 7: Could not select an operator overload'],
    ['bool_a = id', 'At location 7: Could not select an operator overload'],
    ["json = '{}'", 'At location 7: Could not select an operator overload'],
    ["int4_s = '{1}'", 'At location 7: Could not select an operator overload'],
    ["id LIKE '1%'", 'At location 3: Could not select an operator overload'],
    ['"Mood" = \'happy\'', 'At location 9: invalid syntax for type enum mood: happy'],
    ['"Mood" = "Mood"', 'At location 7: Could not select an operator overload'],
    ['numeric_a = float8_a', 'At location 10: unknown cast from type numeric to type float8'],
    ['text_a LIKE text_b', 'At location 12: a pattern must be a constant'],
    ["text_a LIKE 'a\\'", 'At location 12: LIKE pattern must not end with escape character'],
    ["text_a LIKE 'a' ESCAPE 'ab'", 'At location 23: invalid escape string'],
    ['id = ANY (1)', 'At location 10: argument of ANY must be an array'],
    ['id = ALL (text_a)', 'At location 10: argument of ALL must be an array'],
    ['id = ANY (text_s)', 'At location 3: Could not select an operator overload'],
    ["id = ANY (ARRAY[1, 'x'::text])", 'At location 10: ARRAY types int4 and text cannot be matched'],
    ['id = ANY (ARRAY[[1]])', 'At location 16: A_ArrayExpr is not supported in this context'],
    ['id = ANY (ARRAY[])', 'At location 10: cannot determine type of empty array'],
  ],
  casts: [
    ["id = '1'::money", 'At location 10: unsupported type money'],
    ["id = '1'::public.int4", 'At location 10: unsupported type public.int4'],
    ["text_a = 'x'::varchar(3)", 'At location 14: unsupported type varchar with a modifier'],
    ["'samples'::regclass IS NULL", 'At location 11: unsupported type regclass'],
    ['text_a::int4 = 1', 'At location 0: unknown cast from type text to type int4'],
    ['int8_a::int4 = 1', 'At location 0: unknown cast from type int8 to type int4'],
    ["int8_a::float8::text = '1'", 'At location 0: unknown cast from type float8 to type text'],
    ["true::uuid = 'x'", 'At location 0: unknown cast from type bool to type uuid'],
    ["'x'::text::int4 = 1", 'At location 0: could not cast value "x" from text to int4'],
  ],
  'values that are none of their type': [
    ["int8_a = 'abc'", 'At location 9: invalid syntax for type int8: abc'],
    ["id IN (1, '99999999999')", 'At location 10: invalid syntax for type int4: 99999999999'],
    ["uuid_a = 'x'", 'At location 9: invalid syntax for type uuid: x'],
    ["bool_a = 'perhaps'", 'At location 9: invalid syntax for type bool: perhaps'],
    ["date_a > '2024-02-30'", 'At location 9: invalid syntax for type date: 2024-02-30'],
    ["timestamptz_a > 'now'", 'At location 16: invalid syntax for type timestamptz: now'],
    ["date_a = ' Yesterday '", 'At location 9: invalid syntax for type date:  Yesterday '],
    ["timestamp_a = ANY ('{today}')", 'At location 19: invalid syntax for type timestamp[]: {today}'],
    ["numeric_a > '1e99999'", 'At location 12: invalid syntax for type numeric: 1e99999'],
    ["int4_s = ANY ('{1}')", 'At location 7: Could not select an operator overload'],
    ["id = ANY ('{1')", 'At location 10: invalid syntax for type int4[]: {1'],
  ],
}

for (const [name, cases] of Object.entries(REFUSED)) {
  describe(name, () => {
    test.each(cases)('%s', async (sql, message) => {
      expect(await messageOf(sql)).toBe(message)
    })
  })
}

test('parameters', async () => {
  expect(await messageOf('id = $1')).toBe('At location 5: parameter $1 was not provided')
  expect(await messageOf('id = $2', '1')).toBe('At location 5: parameter $2 was not provided')
  expect(await messageOf('id = $1', '1', '2')).toBe('At location 0: parameter value for $2 was not used')
  expect(await messageOf('$1 BETWEEN $1 AND $1 AND id = $1', 'x')).toBe(
    'At location 28: Could not select an operator overload',
  )
  expect(await messageOf('id IN ($1) AND text_a = $1', '1')).toBe(
    'At location 22: Could not select an operator overload',
  )
  expect(await messageOf('($1 = text_a) OR $1 IS NULL OR id = $1', '1')).toContain('Could not select')
  expect(await messageOf('id = $1', 'a\0b')).toBe('At location 5: invalid syntax for type int4: a\0b')
  await database.define({ sql: 'int4_a = $1 OR int8_a = $1', params: ['7'] })
})

test('size and depth are limited, and nothing of it is left behind', async () => {
  const words = 'x'.repeat(65_600)
  expect(await messageOf(`text_a = '${words}'`)).toBe(
    'WHERE clause is bigger than maximum size: 65611 bytes where 65536 are allowed',
  )
  for (const deep of ['NOT '.repeat(5_000), '('.repeat(30_000), 'bool_a = ('.repeat(3_000)]) {
    expect(await messageOf(`${deep}true`)).toMatch(/nested too deeply|syntax error|memory exhausted/)
  }
  const nested = (level: string) =>
    Array.from({ length: 60 }).reduce<string>((sql) => `(${sql} ${level})`, 'bool_a')
  for (const level of [
    'BETWEEN SYMMETRIC bool_a AND bool_b',
    'IS DISTINCT FROM bool_b',
    'BETWEEN true AND false',
  ]) {
    expect(await messageOf(nested(level))).toMatch(/too complex|nested too deeply/)
  }
  const where = await database.define({ sql: `${'NOT ('.repeat(60)}bool_a${')'.repeat(60)}`, params: [] })
  expect(where.bind(database.relation.columns)).toBeTypeOf('function')
  const list = Array.from({ length: 9_000 }, (_, index) => index).join(',')
  await database.define({ sql: `id IN (${list})`, params: [] })
})

test('a collation that calls different texts equal', async () => {
  await database.client.query(`
    CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE names (id int4 PRIMARY KEY, name text COLLATE loose, list text[] COLLATE loose)`)
  const relation = await database.readTable('names')
  const refused = 'At location 0: column name has a nondeterministic collation, which is not supported'
  const error = await database
    .define({ sql: `"name" = 'x'`, params: [] }, relation)
    .catch((caught: unknown) => caught)
  expect(error).toMatchObject({ body: { errors: { where: [refused] } } })
})

test('what a row is, no clause can say', async () => {
  await database.client.query(`
    CREATE TYPE pair AS (a int4, b int4);
    CREATE TABLE pairs (id int4 PRIMARY KEY, pair pair);
    INSERT INTO pairs VALUES (1, ROW(NULL, NULL))`)
  const relation = await database.readTable('pairs')
  for (const sql of ['pair IS NULL', 'pair IS DISTINCT FROM NULL', 'pair = pair']) {
    await expect(database.define({ sql, params: [] }, relation), sql).rejects.toMatchObject({ status: 400 })
  }
})

test('texts of another encoding are compared for equality only', async () => {
  const locale = "TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'"
  const latin = await startClauseDatabase(inject('testServerUrl'), { locale, rowCount: 0 })
  try {
    await latin.define({ sql: "text_a = 'é' OR text_a IN ('a', 'b') OR id < 4", params: [] })
    for (const sql of [
      "text_a < 'x'",
      "bool_a OR text_a LIKE '_'",
      "text_a > ANY ('{a}')",
      "text_a ILIKE 'x'",
    ]) {
      const error: unknown = await latin.define({ sql, params: [] }).catch((caught: unknown) => caught)
      const message = expect.stringMatching(/only in a database whose encoding is UTF8$/)
      expect(error, sql).toMatchObject({ body: { errors: { where: [message] } } })
    }
  } finally {
    await latin.stop()
  }
})
