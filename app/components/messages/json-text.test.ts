import { expect, test } from 'vitest'
import { argumentHint, jsonText, shownPart } from './json-text.ts'

test('a text is shown as it is, anything else as indented JSON', () => {
  expect(jsonText('line\nline')).toBe('line\nline')
  expect(jsonText({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}')
  expect(jsonText(null)).toBe('null')
})

test('a huge value is cut and says how much is left', () => {
  expect(shownPart('x'.repeat(20_005))).toEqual({ text: 'x'.repeat(20_000), left: 5 })
  expect(shownPart('x').left).toBe(0)
})

test('the hint of a call is the first line of its first text, or its first number', () => {
  expect(argumentHint({ options: {}, from: 1, path: 'src/a.ts\nmore' })).toBe('src/a.ts')
  expect(argumentHint({ line: 12 })).toBe('12')
  expect(argumentHint(null)).toBe('')
  expect(argumentHint({})).toBe('')
})
