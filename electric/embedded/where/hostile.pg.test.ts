import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import type { Relation } from '../catalog/relation.ts'
import { type ClauseDatabase, rowsOf, startClauseDatabase } from './testing.ts'

/** Nothing in a clause, a parameter or the database's own schemas makes Postgres run anything but what was checked. */

let database: ClauseDatabase
let odd: Relation

beforeAll(async () => {
  database = await startClauseDatabase(inject('testServerUrl'))
  await database.client.query(`
    CREATE TABLE odd (id int4 PRIMARY KEY, "a""; DROP TABLE odd; --" text);
    INSERT INTO odd VALUES (1, 'x'), (2, ''''), (3, '\\'), (4, E'\\\\'' OR true --')`)
  odd = await database.readTable('odd')
})

afterEach(() => database.client.query('RESET search_path; RESET standard_conforming_strings'))
afterAll(() => database?.stop())

async function foundIn(table: Relation, sql: string, ...params: string[]) {
  const where = await database.define({ sql, params }, table)
  const { rows } = await database.client.query(`SELECT id FROM ${table.name} WHERE ${where.sql} ORDER BY id`)
  const holds = where.bind(table.columns)
  const streamed = (await rowsOf(database.client, table.name)).filter((row) => holds(row))
  expect(rows.map(({ id }) => String(id))).toEqual(streamed.map(([id]) => id))
  return rows.map(({ id }) => id)
}

const COLUMN = '"a""; DROP TABLE odd; --"'

test('quotes and backslashes stay what they are, whatever strings mean to the server', async () => {
  for (const setting of ['on', 'off']) {
    await database.client.query(`SET standard_conforming_strings = ${setting}; SET backslash_quote = on`)
    expect(await foundIn(odd, `${COLUMN} = $1`, "'")).toEqual([2])
    expect(await foundIn(odd, `${COLUMN} = $1`, '\\')).toEqual([3])
    expect(await foundIn(odd, `${COLUMN} = $1`, "\\' OR true --")).toEqual([4])
    expect(await foundIn(odd, `${COLUMN} IN ($1, 'x', E'\\\\') AND ${COLUMN} LIKE '_'`, "'")).toEqual([
      1, 2, 3,
    ])
    expect(await foundIn(odd, `${COLUMN} = ANY ($1)`, `{"'","\\\\"}`)).toEqual([2, 3])
    expect(await foundIn(odd, `${COLUMN} LIKE $1`, "%\\\\'%")).toEqual([4])
  }
})

test('any text that is a parameter is found as itself alone', async () => {
  const anything = fc.oneof(
    fc.string({
      unit: fc.constantFrom("'", '\\', '"', '$', '-', '/', '*', ';', '%', '_', 'E', '{', '}', ',', '\n'),
    }),
    fc.string({ unit: 'grapheme' }),
  )
  const property = fc.asyncProperty(anything, async (text) => {
    if (text.includes('\0')) return
    await database.client.query('UPDATE odd SET "a""; DROP TABLE odd; --" = $1 WHERE id = 1', [text])
    const others = (await rowsOf(database.client, 'odd')).filter(
      ([id, value]) => id !== '1' && value === text,
    )
    const expected = [1, ...others.map(([id]) => Number(id))]
    expect(await foundIn(odd, `${COLUMN} = $1`, text)).toEqual(expected)
    expect(await foundIn(odd, `${COLUMN} IN ($1, '\x01')`, text)).toEqual(expected)
    expect(await foundIn(odd, `${COLUMN} IS NOT DISTINCT FROM '${text.replaceAll("'", "''")}'`)).toEqual(
      expected,
    )
  })
  await fc.assert(property, { numRuns: 60 })
})

test("operators, functions and types of the database's own are not used", async () => {
  await database.client.query(`
    CREATE SCHEMA evil;
    CREATE FUNCTION evil.yes(text, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''evil''; END';
    CREATE FUNCTION evil.yes(varchar, varchar) RETURNS bool LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION evil.yes(int4, int4) RETURNS bool LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION evil.lower(text) RETURNS text LANGUAGE sql AS 'SELECT ''evil''';
    CREATE DOMAIN evil.int4 AS pg_catalog.text;
    CREATE DOMAIN evil.text AS pg_catalog.int4;
    CREATE OPERATOR evil.= (FUNCTION = evil.yes, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
    CREATE OPERATOR evil.= (FUNCTION = evil.yes, LEFTARG = varchar, RIGHTARG = varchar);
    CREATE OPERATOR evil.= (FUNCTION = evil.yes, LEFTARG = pg_catalog.int4, RIGHTARG = pg_catalog.int4);
    CREATE OPERATOR evil.< (FUNCTION = evil.yes, LEFTARG = pg_catalog.int4, RIGHTARG = pg_catalog.int4);
    CREATE OPERATOR evil.~~ (FUNCTION = evil.yes, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
    CREATE OPERATOR evil.~~* (FUNCTION = evil.yes, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
    SET search_path = evil, public, pg_catalog`)
  const clauses = [
    "text_a = 'a'",
    "varchar_a = varchar_b OR varchar_a IN ('a', 'b')",
    'int4_a = 7 OR int4_a < int4_b',
    "int4_a IS DISTINCT FROM 7 AND text_a IS NOT DISTINCT FROM 'a'",
    "int4_a BETWEEN 1 AND '7' OR int4_a = ANY ('{1,2}')",
    "text_a LIKE 'a%' OR text_a ILIKE 'A%' OR lower(text_a) = 'ab'",
    "int4_a::text = '7' OR int4_a = '7'::int4",
    'int4_a IN (SELECT id FROM public.odd)',
  ]
  for (const sql of clauses) {
    const where = await database.define({ sql, params: [] })
    await where.load(async (text) => (await database.client.query(text)).rows.map(({ value }) => value))
    const { rows } = await database.client.query(
      `SELECT id FROM public.samples WHERE ${where.sql} ORDER BY id`,
    )
    const holds = where.bind(database.relation.columns)
    const streamed = database.rows.filter((row) => holds(row)).map(([id]) => Number(id))
    expect(
      rows.map(({ id }) => id),
      sql,
    ).toEqual(streamed)
    expect(streamed.length, sql).toBeGreaterThan(0)
    expect(streamed.length, sql).toBeLessThan(database.rows.length)
  }
})

test('what the caller wrote is not in what Postgres runs', async () => {
  const where = await database.define({
    sql: "id /* here */ IN (SELECT id FROM odd AS mine) AND text_a > 'A' -- there",
    params: [],
  })
  expect(where.sql).toBe(
    `(("id" OPERATOR(pg_catalog.=) ANY (SELECT s1."id" FROM ONLY "public"."odd" AS s1)) AND ("text_a" COLLATE "C" OPERATOR(pg_catalog.>) 'A'::pg_catalog.text COLLATE "C"))`,
  )
})
