import { expect, test } from 'vitest'
import type { Relation } from '../catalog/relation.ts'
import type { StreamedRelation, Tuple } from '../replication/pgoutput.ts'
import { defineWhere } from '../where/define-where.ts'
import { Letters } from '../where/letters.ts'
import { type Indexed, ShapeIndex } from './shape-index.ts'

const INT4 = 23
const TEXT = 25

function relation(oid: number, name: string, columns: Record<string, number>): Relation {
  return {
    oid,
    schema: 'public',
    name,
    columns: Object.entries(columns).map(([column, typeOid]) => ({
      name: column,
      typeOid,
      typeModifier: -1,
      typeName: '',
      dimensions: 0,
      isNotNull: false,
      isGenerated: false,
      isPublished: true,
      hasBytewiseEquality: true,
      primaryKeyIndex: null,
    })),
    primaryKey: ['id'],
    isInPublication: true,
    publishedAs: '1',
    replicationProblem: null,
  }
}

const TASKS = relation(1, 'tasks', { id: INT4, team: INT4, title: TEXT })
const TEAMS = relation(2, 'teams', { id: INT4, size: INT4 })

function streamed({ oid, schema, name, columns }: Relation): StreamedRelation {
  return { oid, schema, name, hasFullIdentity: true, columns }
}

interface Named extends Indexed {
  readonly name: string
}

// These constants are read without Postgres.
const database = {
  query: () => Promise.reject(new Error('Nothing is asked of a database here.')),
  readTable: async () => TEAMS,
  letters: new Letters(),
}

async function shape(where: string | null, of = TASKS): Promise<Named> {
  const predicate = where === null ? null : await defineWhere(where, new Map(), of, database)
  return { name: where ?? 'all', definition: { relation: of, where: predicate } }
}

function containing(index: ShapeIndex<Named>, row: Tuple, of = streamed(TASKS)): string[] {
  return index.containing(of, row).map(({ name }) => name)
}

test('a row is in the shapes whose whole predicate is true of it', async () => {
  const index = new ShapeIndex<Named>()
  const clauses = [
    null,
    'team = 7',
    "team = 7 AND title IN ('a', 'ab')",
    "title = 'a' AND team > 3",
    'team IS NULL',
    'id < 5',
  ]
  const shapes = await Promise.all(clauses.map((each) => shape(each)))
  for (const each of shapes) index.add(each)
  const cases: [Tuple, string[]][] = [
    [
      ['9', '7', 'a'],
      ['all', 'team = 7', "team = 7 AND title IN ('a', 'ab')", "title = 'a' AND team > 3"],
    ],
    [
      ['9', '7', 'b'],
      ['all', 'team = 7'],
    ],
    [['9', '2', 'a'], ['all']],
    [
      ['1', null, 'a'],
      ['all', 'id < 5', 'team IS NULL'],
    ],
    [
      ['1', '7', null],
      ['all', 'id < 5', 'team = 7'],
    ],
  ]
  for (const [row, expected] of cases) expect(containing(index, row).sort()).toEqual(expected.sort())
})

test('columns are found where they were announced last', async () => {
  const index = new ShapeIndex<Named>()
  index.add(await shape('team = 7'))
  index.add(await shape('team > 6 OR id > 6'))
  const [id, team, title] = streamed(TASKS).columns
  if (!id || !team || !title) throw new Error('There are three columns.')
  const moved = { ...streamed(TASKS), columns: [title, team, id] }
  expect(containing(index, ['1', '7', 'x'])).toHaveLength(2)
  expect(containing(index, ['x', '7', '1'], moved)).toHaveLength(2)
  expect(containing(index, ['7', '1', 'x'], { ...moved, columns: [team, title, id] })).toHaveLength(2)
})

test('what is removed is found no more', async () => {
  const index = new ShapeIndex<Named>()
  const shapes = await Promise.all([null, 'team = 7', 'id < 5'].map((each) => shape(each)))
  for (const each of shapes) index.add(each)
  expect(containing(index, ['1', '7', 'x'])).toHaveLength(3)
  for (const each of shapes) {
    index.remove(each)
    expect(containing(index, ['1', '7', 'x'])).not.toContain(each.name)
  }
  expect(index.has(TASKS.oid)).toBe(false)
  expect([...index.ofTable(TASKS.oid)]).toEqual([])
})

test('a shape that reads another table is known by both, and contains nothing before it has read', async () => {
  const index = new ShapeIndex<Named>()
  const reading = await shape('team IN (SELECT id FROM teams WHERE size > 3)')
  const plain = await shape('team = 7')
  index.add(reading)
  index.add(plain)
  const [tasks, teams] = [streamed(TASKS), streamed(TEAMS)]
  expect(index.has(TEAMS.oid)).toBe(true)
  expect([...index.dependingOn(TEAMS.oid)]).toEqual([reading])
  expect(containing(index, ['1', '7', 'x'])).toEqual([plain.name])
  expect([...index.dependents(tasks, null, ['1', '7', 'x'])]).toEqual([reading])
  await reading.definition.where?.load(async () => ['7', null])
  expect(containing(index, ['1', '7', 'x']).sort()).toEqual([reading.name, plain.name].sort())
  expect([...index.dependents(tasks, null, ['1', '7', 'x'])]).toEqual([])
  expect([...index.dependents(teams, ['7', '9'], ['7', '10'])]).toEqual([])
  expect([...index.dependents(teams, ['7', '9'], ['7', '1'])]).toEqual([reading])
  index.remove(reading)
  expect(index.has(TEAMS.oid)).toBe(false)
})
