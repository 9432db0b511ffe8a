import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ShapeDefinition } from '../catalog/shape-definition.ts'
import { snapshotWriter } from '../replication/change-messages.ts'
import { rowWriter } from './row-writer.ts'

type Values = readonly (string | null)[]

// What a writer of rows looks at.
function definition(columns: string[], primaryKey: string[], name = 'table'): ShapeDefinition {
  const relation = { schema: 'public', name, primaryKey }
  return { relation, columns: columns.map((column) => ({ name: column })) } as unknown as ShapeDefinition
}

/** COPY's text format, as Postgres documents it. */
function copyText(values: Values): string {
  const escapes: Record<string, string> = {
    '\\': '\\\\',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
  }
  return values
    .map((value) => value?.replace(/[\\\b\f\n\r\t\v]/g, (character) => escapes[character] ?? '') ?? '\\N')
    .join('\t')
}

function write(shape: ShapeDefinition, values: Values) {
  const writer = rowWriter(shape)
  const row = Buffer.from(`before\n${copyText(values)}`)
  const start = 'before\n'.length
  const to = Buffer.alloc(writer.limit(row, start, row.length) + 1)
  const end = writer.write(row, start, row.length, to, 1)
  return JSON.parse(to.toString('utf8', 1, end))
}

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'\\/"\t\n\v\u0001\u001fNé€😀'),
    fc.string({ unit: 'binary', maxLength: 1 }),
  ),
})
const value = fc.option(text.filter((each) => !each.includes('\0')))

test('a row of whatever text becomes the message that its values make', () => {
  const shape = definition(['id', 'odd "name"', 'c'], ['c', 'id'], 'od"d/t.able')
  fc.assert(
    fc.property(fc.tuple(value, value, value), (values) => {
      expect(write(shape, values)).toEqual(JSON.parse(snapshotWriter(shape)(values)))
    }),
    { numRuns: 1_000 },
  )
})

test('the bytes that a row needs are foreseen, however long and whatever is in it', () => {
  const shape = definition(['id', 'v'], ['id'])
  fc.assert(
    fc.property(
      fc.constantFrom('/', '"', '\u0001', 'x', '\\', '€'),
      fc.constantFrom(1, 20_000),
      (part, count) => {
        const long = part.repeat(count)
        expect(write(shape, [long, long])).toEqual(JSON.parse(snapshotWriter(shape)([long, long])))
      },
    ),
  )
})

test('null and the text of its escape are told apart', () => {
  const shape = definition(['id', 'v'], ['id', 'v'])
  expect(write(shape, ['1', null])).toMatchObject({ key: '"public"."table"/"1"/_', value: { v: null } })
  expect(write(shape, ['1', '\\N'])).toMatchObject({ key: '"public"."table"/"1"/"\\N"', value: { v: '\\N' } })
  expect(write(shape, ['1', ''])).toMatchObject({ key: '"public"."table"/"1"/""', value: { v: '' } })
})
