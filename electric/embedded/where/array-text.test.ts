import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readArray, writeArray } from './array-text.ts'

test('what is written is read again', () => {
  const element = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', 'NULL', '{}', '"', '\\', ',', ' a '),
  )
  fc.assert(
    fc.property(fc.array(fc.option(element)), (elements) => {
      expect(readArray(writeArray(elements))).toEqual(elements)
    }),
  )
})

test('arrays are read as Postgres prints them', () => {
  const cases: [string, (string | null)[]][] = [
    ['{}', []],
    ['{1,NULL,-3}', ['1', null, '-3']],
    ['{"NULL",null}', ['NULL', 'null']],
    ['{a b,"c, d","\\"","\\\\",""}', ['a b', 'c, d', '"', '\\', '']],
    ['{{1,2},{3,NULL}}', ['1', '2', '3', null]],
    ['[2:3]={7,8}', ['7', '8']],
    ['[0:1][-1:-1]={{a},{"}"}}', ['a', '}']],
    ['{"2024-01-01 00:00:00+00",infinity}', ['2024-01-01 00:00:00+00', 'infinity']],
  ]
  for (const [text, elements] of cases) expect(readArray(text), text).toEqual(elements)
})
