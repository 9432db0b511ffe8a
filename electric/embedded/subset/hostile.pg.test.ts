import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ProtocolError } from '../http/protocol-error.ts'
import { createTable, startTestDatabase, type TestDatabase } from '../testing.ts'
import { condition, mutated, PARAMS } from './testing-clauses.ts'
import { openSubsets, type Subsets } from './testing-engine.ts'

let database: TestDatabase
let subsets: Subsets

// Whoever calls one of these is heard: the error is one that no caller is told of.
const SHOUT = `RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = 'P0666'; END $$`

beforeAll(async () => {
  database = await startTestDatabase()
  const { sql } = database
  await sql`CREATE TYPE mood AS ENUM ('sad', 'happy')`
  await createTable(
    sql,
    'items',
    `id int PRIMARY KEY, title text, code char(5), done bool, score numeric, uid uuid, at timestamptz,
     mood mood, tags text[]`,
  )
  await sql.unsafe(`
    INSERT INTO items SELECT g, CASE WHEN g % 7 = 0 THEN NULL ELSE 'Title ' || g % 10 END, 'c' || g % 2,
      CASE g % 4 WHEN 0 THEN NULL ELSE g % 2 = 0 END, g / 2.0, ('00000000-0000-0000-0000-00000000000' || g % 10)::uuid,
      '2026-01-01'::timestamptz + g * interval '1 hour', (ARRAY['sad', 'happy', NULL])[1 + g % 3]::mood, ARRAY['a', 't' || g % 2]
    FROM generate_series(1, 30) g;
    CREATE TABLE canary (id int PRIMARY KEY);
    REVOKE pg_read_all_data FROM electric;
    GRANT SELECT ON items TO electric;
    CREATE FUNCTION public.shout() ${SHOUT};
    CREATE FUNCTION public.lower(text) ${SHOUT};
    CREATE FUNCTION public.upper(text) ${SHOUT};
    CREATE FUNCTION public.concat(text, int) ${SHOUT};
    CREATE FUNCTION public.shout(numeric, numeric) ${SHOUT.replace('RETURNS text', 'RETURNS bool')};
    CREATE OPERATOR public.= (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = public.shout);
    CREATE OPERATOR public.< (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = public.shout);
    ALTER ROLE electric SET search_path = public, pg_catalog`)
  subsets = await openSubsets(database, { storageDir: null })
})

afterAll(async () => {
  await subsets?.close()
  await database?.stop()
})

type Found = readonly number[] | string

async function asked(where: string): Promise<Found> {
  try {
    const { data } = await subsets.ask({ table: 'items' }, { where, params: PARAMS, orderBy: 'id' })
    return data.map(({ value }) => Number(value.id))
  } catch (error) {
    if (error instanceof ProtocolError && error.status === 400) return 'refused'
    throw error
  }
}

/** As somebody with psql would ask, in a path without the canaries. */
async function expected(where: string): Promise<Found> {
  const text = where.replaceAll(/\$([123])/g, (_, number: '1' | '2' | '3') => `'${PARAMS[number]}'`)
  try {
    const rows = await database.sql.begin('read only', async (transaction) => {
      await transaction`SET LOCAL search_path = pg_catalog`
      return transaction.unsafe<{ id: number }[]>(`SELECT id FROM public.items WHERE (${text}\n) ORDER BY id`)
    })
    return rows.map(({ id }) => id)
  } catch {
    return 'refused'
  }
}

test('the canaries sing', async () => {
  const { sql } = database
  await expect(sql`SET search_path = public, pg_catalog; SELECT lower('A')`.simple()).rejects.toThrow(
    'canary',
  )
  await expect(sql`SELECT 1.0 OPERATOR(public.=) 1.0`).rejects.toThrow('canary')
})

test('a sensible filter finds exactly what Postgres finds, or both refuse it', async () => {
  let found = 0
  await fc.assert(
    fc.asyncProperty(condition, async (where) => {
      const answer = await asked(where)
      expect(answer).toEqual(await expected(where))
      if (answer !== 'refused') found++
    }),
    { numRuns: 400 },
  )
  expect(found).toBeGreaterThan(200)
})

test('a strange one finds the same or is refused, and touches nothing else', async () => {
  let found = 0
  await fc.assert(
    fc.asyncProperty(mutated, async (where) => {
      const answer = await asked(where)
      if (answer === 'refused') return
      expect(answer).toEqual(await expected(where))
      found++
    }),
    { numRuns: 600 },
  )
  expect(found).toBeGreaterThan(100)
})
