import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BrokenJsonArray, jsonArrayElements } from './json-array.ts'

const read = (text: string) => [...jsonArrayElements(text)]

test('any array is read as JSON.parse reads it, and raw is the element without its whitespace', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2, '\t'), (array, indent) => {
      const text = JSON.stringify(array, null, indent)
      const elements = read(text)
      expect(elements.map(({ value }) => value)).toEqual(JSON.parse(text))
      expect(elements.map(({ raw }) => raw)).toEqual(array.map((one) => JSON.stringify(one)))
    }),
  )
})

test('whatever the text, it is read exactly when JSON.parse reads an array', () => {
  const pieces = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '"',
    '\\',
    '1',
    ' ',
    '\n',
    'true',
    '"a"',
    '1 2',
    'é',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      expect(outcome(() => read(text).map(({ value }) => value))).toEqual(outcome(() => arrayOf(text)))
    }),
    { numRuns: 2000, examples: [[['[', '1 2', ']']], [['[', '1', ',', ']']], [['[', '{', ']', '}', ']']]] },
  )
})

test('numbers, repeated keys and escapes stay as they were written', () => {
  const raw = '{"a":1e400,"a":12345678901234567890,"b":"\\u0000 \\ud800 x"}'
  expect(read(`[ ${raw} ]`)[0]?.raw).toBe(raw)
})

test.each([
  ['', 1, 1, 'it is empty'],
  ['{"id":"a"}', 1, 1, 'it is not a list of records'],
  ['[\n  {"id": 1},\n  {"id": 2', 3, 11, 'it ends in the middle of record 2'],
  ['[\n  {"id": 1},\n  {"id" 2}\n]', 3, 3, 'record 2, which begins there, is not valid JSON'],
  ['[1] [2]', 1, 5, 'something follows the end of the list'],
])('%j is refused, naming the place', (text, line, column, message) => {
  const refused = expect.objectContaining({ line, column, message })
  expect(() => read(text)).toThrow(BrokenJsonArray)
  expect(outcomeError(() => read(text))).toEqual(refused)
})

function arrayOf(text: string): unknown[] {
  const value: unknown = JSON.parse(text)
  if (!Array.isArray(value)) throw new TypeError('no array')
  return value
}

function outcome(work: () => unknown) {
  try {
    return { value: work() }
  } catch {
    return 'refused'
  }
}

function outcomeError(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
