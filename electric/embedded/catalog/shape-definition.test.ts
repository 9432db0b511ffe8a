import { expect, test } from 'vitest'
import type { Column, Relation } from './relation.ts'
import { type DefinitionRequest, defineShape, holdsOn, selectColumns, tablesOf } from './shape-definition.ts'

function column(name: string, more: Partial<Column> = {}): Column {
  return {
    name,
    typeOid: 23,
    typeModifier: -1,
    typeName: 'int4',
    dimensions: 0,
    isNotNull: false,
    isGenerated: false,
    isPublished: true,
    hasBytewiseEquality: true,
    primaryKeyIndex: null,
    ...more,
  }
}

const ITEMS: Relation = {
  oid: 1,
  schema: 'public',
  name: 'items',
  columns: [column('b'), column('a'), column('c'), column('d')],
  primaryKey: ['a', 'b'],
  isInPublication: true,
  publishedAs: '1',
  replicationProblem: null,
}

const ASKED: DefinitionRequest = {
  table: { schema: 'public', name: 'items' },
  where: null,
  params: new Map(),
  columns: null,
  queryableColumns: null,
  replica: 'default',
  log: 'full',
}

const selected = (columns: string[] | null, queryableColumns: string[] | null) =>
  selectColumns(ITEMS, { columns, queryableColumns }).map(({ name }) => name)

test('columns come in the order of the table; those that may be queried are selected where none are named', () => {
  expect(selected(null, null)).toEqual(['b', 'a', 'c', 'd'])
  expect(selected(['c', 'a', 'b'], null)).toEqual(['b', 'a', 'c'])
  expect(selected(null, ['d', 'b', 'a'])).toEqual(['b', 'a', 'd'])
  expect(selected(['c', 'a', 'b'], ['a', 'b'])).toEqual(['b', 'a', 'c'])
})

test('a list without the key, or of columns that are not there, is refused by its name', () => {
  const cases: [string[] | null, string[] | null, Record<string, string[]>][] = [
    [['c'], null, { columns: ['The list of columns must include all primary key columns, missing: a, b'] }],
    [['a', 'b', 'x', 'y'], null, { columns: ['The following columns are not found on the table: x, y'] }],
    [
      ['c'],
      ['b'],
      {
        queryable_columns: ['The list of queryable columns must include all primary key columns, missing: a'],
      },
    ],
    [
      null,
      ['a', 'b', 'x'],
      { queryable_columns: ['The following queryable columns are not found on the table: x'] },
    ],
  ]
  for (const [columns, queryable, errors] of cases) {
    expect(() => selected(columns, queryable)).toThrow(
      expect.objectContaining({ body: { message: 'Invalid request', errors } }),
    )
  }
})

test('what may be queried is no part of what a shape is, which columns are named is', () => {
  const key = (request: Partial<DefinitionRequest>) => defineShape(ITEMS, { ...ASKED, ...request }, null).key
  expect(key({ queryableColumns: ['a', 'b', 'c'] })).toBe(key({ columns: ['c', 'b', 'a'] }))
  expect(key({ columns: ['a', 'b', 'c', 'd'] })).not.toBe(key({}))
  expect(key({ replica: 'full' })).not.toBe(key({}))
  expect(key({ log: 'changes_only' })).not.toBe(key({}))
})

test('a shape holds on while its table is what it was', () => {
  const definition = defineShape(ITEMS, { ...ASKED, columns: ['a', 'b'] }, null)
  expect(tablesOf(definition)).toEqual([ITEMS])
  expect(holdsOn(definition, ITEMS)).toBe(true)
  expect(holdsOn(definition, { ...ITEMS, columns: [...ITEMS.columns, column('new')] })).toBe(true)
  expect(holdsOn(definition, { ...ITEMS, oid: 2 })).toBe(false)
  expect(holdsOn(definition, { ...ITEMS, primaryKey: ['a'] })).toBe(false)
  expect(holdsOn(definition, { ...ITEMS, replicationProblem: 'gone' })).toBe(false)
  expect(holdsOn(definition, { ...ITEMS, columns: [column('a'), column('b', { typeOid: 20 })] })).toBe(false)
})
