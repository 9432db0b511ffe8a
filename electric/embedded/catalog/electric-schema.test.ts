import { expect, test } from 'vitest'
import { electricSchema } from './electric-schema.ts'
import type { Column } from './relation.ts'

function column(given: Partial<Column>): Column {
  return {
    name: 'c',
    typeOid: 25,
    typeModifier: -1,
    typeName: 'text',
    dimensions: 0,
    isNotNull: false,
    isGenerated: false,
    isPublished: true,
    hasBytewiseEquality: true,
    primaryKeyIndex: null,
    ...given,
  }
}

const schemaOf = (given: Partial<Column>): unknown => JSON.parse(electricSchema([column(given)])).c

test('a plain column is its type alone', () => {
  expect(schemaOf({})).toEqual({ type: 'text' })
})

test('key, nullability and dimensions are told where there are any', () => {
  expect(schemaOf({ primaryKeyIndex: 1, isNotNull: true })).toEqual({
    type: 'text',
    pk_index: 1,
    not_null: true,
  })
  expect(schemaOf({ typeName: 'int4', dimensions: 2 })).toEqual({ type: 'int4', dims: 2 })
})

test('type modifiers are spelled out', () => {
  const cases: [string, number, object][] = [
    ['varchar', 44, { max_length: 40 }],
    ['bpchar', 9, { length: 5 }],
    ['bit', 3, { length: 3 }],
    ['numeric', (10 << 16) | (2 + 4), { precision: 10, scale: 2 }],
    ['numeric', ((5 << 16) | (-2 & 0x7ff)) + 4, { precision: 5, scale: -2 }],
    ['timestamptz', 3, { precision: 3 }],
    ['interval', (0x7fff << 16) | 2, { precision: 2 }],
    ['interval', (((1 << 2) | (1 << 1)) << 16) | 0xffff, { fields: 'YEAR TO MONTH' }],
    ['interval', ((1 << 3) << 16) | 0xffff, { fields: 'DAY' }],
    ['geometry', 7, { type_mod: 7 }],
  ]
  for (const [typeName, typeModifier, expected] of cases) {
    expect(schemaOf({ typeName, typeModifier })).toEqual({ type: typeName, ...expected })
  }
})

test('names beyond ASCII survive in a header', () => {
  const name = 'größe😀'
  const header = electricSchema([column({ name })])
  expect(header).toMatch(/^[\x20-\x7e]+$/)
  expect(Object.keys(JSON.parse(header))).toEqual([name])
})
