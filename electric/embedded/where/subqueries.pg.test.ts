import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { StreamedRelation, Tuple } from '../replication/pgoutput.ts'
import type { Where } from './index.ts'
import type { Clause } from './random-clauses.ts'
import { type ClauseDatabase, rowsOf, startClauseDatabase } from './testing.ts'

let database: ClauseDatabase

beforeAll(async () => {
  database = await startClauseDatabase(inject('testServerUrl'), { rowCount: 60 })
  await database.client.query(`
    CREATE SCHEMA "Other";
    CREATE TABLE teams (id int4 PRIMARY KEY, code text, size int4, flag bool, label char(5), parent int4);
    CREATE TABLE "Other"."Team" (id int4 PRIMARY KEY, team int4);
    CREATE VIEW seen AS SELECT * FROM teams;
    ALTER TABLE teams REPLICA IDENTITY FULL;
    ALTER TABLE "Other"."Team" REPLICA IDENTITY FULL`)
})

afterAll(() => database?.stop())

const CLAUSES: readonly Clause[] = [
  { sql: 'int4_a IN (SELECT size FROM teams)', params: [] },
  { sql: 'int4_a NOT IN (SELECT size FROM teams)', params: [] },
  { sql: 'int4_a NOT IN (SELECT size FROM teams WHERE size IS NOT NULL)', params: [] },
  { sql: 'text_a IN (SELECT code FROM public.teams AS t WHERE size > $1 OR flag)', params: ['1'] },
  { sql: 'bool_a IN (SELECT flag FROM teams WHERE code LIKE $1) OR id = $2', params: ['a%', '7'] },
  { sql: 'bpchar_a NOT IN (SELECT label FROM teams WHERE flag) AND bool_b', params: [] },
  { sql: 'int4_a IN (SELECT size FROM teams) IS UNKNOWN', params: [] },
  { sql: 'int4_a IN (SELECT size FROM teams WHERE false)', params: [] },
  {
    sql: '(int4_a IN (SELECT size FROM teams WHERE flag)) = (int4_b IN (SELECT parent FROM teams))',
    params: [],
  },
  {
    sql: 'int4_a IN (SELECT size FROM teams WHERE id IN (SELECT team FROM "Other"."Team" WHERE id < $1))',
    params: ['4'],
  },
  { sql: 'int4_a IN (SELECT size FROM teams WHERE id NOT IN (SELECT parent FROM teams))', params: [] },
]

const optional = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { freq: 4 })
const team = fc.record({
  id: fc.integer({ min: 1, max: 6 }),
  code: optional(fc.constantFrom('a', 'ab', 'b', 'é')),
  size: optional(fc.constantFrom(0, 1, 7)),
  flag: optional(fc.boolean()),
  label: optional(fc.constantFrom('a', 'ab')),
  parent: optional(fc.integer({ min: 1, max: 6 })),
})
type Team = typeof team extends fc.Arbitrary<infer Value> ? Value : never
const teams = fc.uniqueArray(team, { maxLength: 6, selector: ({ id }) => id })

async function writeTeams(list: readonly Team[]): Promise<void> {
  const { client } = database
  await client.query('TRUNCATE teams, "Other"."Team"')
  const rows = JSON.stringify(list)
  await client.query('INSERT INTO teams SELECT * FROM json_populate_recordset(NULL::teams, $1)', [rows])
  await client.query('INSERT INTO "Other"."Team" SELECT id, parent FROM teams')
}

async function load(where: Where): Promise<void> {
  await where.load(async (sql) => {
    const { rows } = await database.client.query<{ value: string | null }>(sql)
    return rows.map(({ value }) => value)
  })
}

async function definedClauses(): Promise<{ clause: Clause; where: Where }[]> {
  return Promise.all(CLAUSES.map(async (clause) => ({ clause, where: await database.define(clause) })))
}

function matching(where: Where): (string | null)[] {
  const test = where.bind(database.relation.columns)
  return database.rows.filter((row) => test(row)).map(([id]) => id ?? null)
}

test('what a subquery selected is what the stream is filtered by, nulls and emptiness as in Postgres', async () => {
  const defined = await definedClauses()
  const property = fc.asyncProperty(teams, async (list) => {
    await writeTeams(list)
    const found = await database.find(CLAUSES)
    const made = await database.find(defined.map(({ where }) => ({ sql: where.sql, params: [] })))
    for (const [index, { clause, where }] of defined.entries()) {
      const own = where.forOneShape()
      expect(own.needsLoad).toBe(true)
      await load(own)
      expect(own.needsLoad).toBe(false)
      expect(matching(own), `${clause.sql}\n${where.sql}`).toEqual(found[index])
      expect(made[index]).toEqual(found[index])
    }
  })
  await fc.assert(property, { numRuns: 40 })
})

async function streamedRelation(name: string, oid: number): Promise<StreamedRelation> {
  const { fields } = await database.client.query(`SELECT * FROM ${name} LIMIT 0`)
  const columns = fields.map((field) => ({
    name: field.name,
    typeOid: field.dataTypeID,
    typeModifier: field.dataTypeModifier,
  }))
  return { oid, schema: 'public', name, hasFullIdentity: true, columns }
}

test('a change that a dependency does not mind alters no row of the result', async () => {
  const defined = await definedClauses()
  const relation = await streamedRelation('teams', 1)
  let minded = 0
  let unminded = 0
  const property = fc.asyncProperty(teams, team, fc.boolean(), async (list, changed, isDeleted) => {
    await writeTeams(list)
    const before = await database.find(CLAUSES)
    const old = await teamRow(changed.id)
    await database.client.query('DELETE FROM teams WHERE id = $1', [changed.id])
    if (!isDeleted) {
      const row = JSON.stringify(changed)
      await database.client.query('INSERT INTO teams SELECT * FROM json_populate_record(NULL::teams, $1)', [
        row,
      ])
    }
    const now = await teamRow(changed.id)
    const after = await database.find(CLAUSES)
    for (const [index, { clause, where }] of defined.entries()) {
      const ofTeams = where.dependencies.filter((each) => each.relation.name === 'teams')
      const isMinded = ofTeams.some((each) => each.affects(relation, old, now))
      if (isMinded) minded++
      else unminded++
      if (!isMinded) expect(after[index], clause.sql).toEqual(before[index])
    }
  })
  await fc.assert(property, { numRuns: 150 })
  expect(Math.min(minded, unminded)).toBeGreaterThan(100)
})

async function teamRow(id: number): Promise<Tuple | null> {
  const rows = await rowsOf(database.client, 'teams')
  return rows.find(([each]) => each === String(id)) ?? null
}

test('a dependency that lost a column minds every change', async () => {
  const where = await database.define({ sql: 'int4_a IN (SELECT size FROM teams WHERE flag)', params: [] })
  const relation = await streamedRelation('teams', 1)
  const columns = relation.columns.filter(({ name }) => name !== 'flag')
  const row = ['1', 'a', '1', 'a', null]
  expect(where.dependencies.map((each) => each.affects({ ...relation, columns }, row, row))).toEqual([true])
})

test('other subqueries are refused in the words of the real service', async () => {
  const cases: [string, string][] = [
    [
      'int4_a IN (SELECT code FROM teams)',
      'At location 7: left side of `IN (SELECT ...)` has type int4 but subquery returns text',
    ],
    [
      'lower(text_a) IN (SELECT code FROM teams)',
      'At location 14: currently, left side of `IN (SELECT ...)` can only be a column reference',
    ],
    [
      '(int4_a, id) IN (SELECT size, id FROM teams)',
      'At location 0: RowExpr is not supported in this context',
    ],
    [
      'EXISTS (SELECT 1 FROM teams)',
      'At location 0: only `value IN (SELECT ...)` sublinks are supported right now',
    ],
    [
      'int4_a = (SELECT size FROM teams)',
      'At location 9: only `value IN (SELECT ...)` sublinks are supported right now',
    ],
    [
      'int4_a > ANY (SELECT size FROM teams)',
      'At location 7: only `value IN (SELECT ...)` sublinks are supported right now',
    ],
    ['int4_a IN (SELECT size FROM teams LIMIT 1)', 'SELECT statement must not contain any clauses'],
    ['int4_a IN (SELECT DISTINCT size FROM teams)', 'SELECT statement must not contain any clauses'],
    ['int4_a IN (SELECT size FROM teams UNION SELECT 1)', 'SELECT statement must not contain any clauses'],
    [
      'int4_a IN (WITH x AS (DELETE FROM teams RETURNING size) SELECT size FROM x)',
      'SELECT statement must not contain any clauses',
    ],
    ['int4_a IN (VALUES (1))', 'SELECT statement must not contain any clauses'],
    ['int4_a IN (SELECT size + 1 FROM teams)', 'At location 23: unknown binary operator "+"'],
    ['int4_a IN (SELECT 1 FROM teams)', 'Expected a plain column reference'],
    ['int4_a IN (SELECT size, id FROM teams)', 'Expected a plain column reference'],
    ['int4_a IN (SELECT * FROM teams)', 'At location 18: unknown reference "*"'],
    ['int4_a IN (SELECT size FROM teams, samples)', 'Expected a single table reference'],
    ['int4_a IN (SELECT size FROM teams JOIN samples ON true)', 'Expected a single table reference'],
    ['int4_a IN (SELECT generate_series FROM generate_series(1, 2))', 'Expected a single table reference'],
    ['int4_a IN (SELECT size FROM teams WHERE int4_b = size)', 'At location 40: unknown reference int4_b'],
    [
      'int4_a IN (SELECT size FROM teams WHERE samples.int4_b = size)',
      'At location 40: unknown reference samples.int4_b',
    ],
    [
      'int4_a IN (SELECT size FROM nowhere)',
      'Table "public"."nowhere" does not exist. If the table name contains capitals or special characters you must quote it.',
    ],
    [
      'int4_a IN (SELECT size FROM seen)',
      'Table "public"."seen" does not exist. If the table name contains capitals or special characters you must quote it.',
    ],
    [
      'id IN (SELECT oid FROM pg_catalog.pg_authid)',
      'Table "pg_catalog"."pg_authid" does not exist. If the table name contains capitals or special characters you must quote it.',
    ],
  ]
  for (const [sql, message] of cases) {
    await expect(database.define({ sql, params: [] }), sql).rejects.toMatchObject({
      status: 400,
      body: { message: 'Invalid request', errors: { where: [message] } },
    })
  }
})
