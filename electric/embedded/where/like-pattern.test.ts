import fc from 'fast-check'
import { expect, test } from 'vitest'
import { likeMatcher, readLikePattern, writeLikePattern } from './like-pattern.ts'

function matches(text: string, pattern: string, escapedBy = '\\'): boolean | null {
  const read = readLikePattern(pattern, escapedBy)
  return read && likeMatcher(read)(text)
}

test('a percent sign is anything, an underscore one character, what is escaped itself', () => {
  const cases: [string, string, boolean][] = [
    ['', '', true],
    ['', '%', true],
    ['', '_', false],
    ['a', '%%', true],
    ['abc', 'a%c', true],
    ['abc', 'a%b', false],
    ['abab', 'a%ab', true],
    ['ab', 'ab%ab', false],
    ['aXbXc', 'a%X%c', true],
    ['a%c', 'a\\%c', true],
    ['abc', 'a\\%c', false],
    ['a_c', 'a\\_c', true],
    ['a\\c', 'a\\\\c', true],
    ['abc', 'a\\bc', true],
    ['😀', '_', true],
    ['😀', '__', false],
    ['a😀b', 'a_b', true],
    ['e\u0301', '_', false],
    ['line\nbreak', 'line_break', true],
    ['aaa', '_%_%_', true],
    ['aa', '_%_%_', false],
  ]
  for (const [text, pattern, expected] of cases)
    expect(matches(text, pattern), `${text} ${pattern}`).toBe(expected)
})

test('another escape character, or none', () => {
  expect(matches('a%', 'a#%', '#')).toBe(true)
  expect(matches('a\\b', 'a\\_', '#')).toBe(true)
  expect(matches('a\\', 'a\\', '')).toBe(true)
  expect(matches('a', 'a\\')).toBeNull()
  expect(matches('a', 'a', '##')).toBeNull()
})

const parts = fc.constantFrom('%', '_', 'a', 'b', '\\%', '\\_', '\\\\', '😀', '.', '[')
const patterns = fc.array(parts, { maxLength: 7 }).map((each) => each.join(''))
const texts = fc.array(fc.constantFrom('a', 'b', '%', '_', '\\', '😀', '.', '['), { maxLength: 9 })

test('it is what a regular expression would be', () => {
  fc.assert(
    fc.property(patterns, texts, (pattern, characters) => {
      const text = characters.join('')
      const regular = new RegExp(`^(?:${toRegular(pattern)})$`, 'su')
      expect(matches(text, pattern), `${text} ${pattern}`).toBe(regular.test(text))
    }),
    { numRuns: 2_000 },
  )
})

function toRegular(pattern: string): string {
  return pattern.replace(/\\?./gsu, (token) => {
    if (token === '%') return '.*'
    if (token === '_') return '.'
    const character = token.startsWith('\\') && token.length > 1 ? token.slice(1) : token
    return character.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  })
}

test('written anew it means the same', () => {
  fc.assert(
    fc.property(patterns, texts, (pattern, characters) => {
      const read = readLikePattern(pattern, '\\')
      const text = characters.join('')
      expect(read && matches(text, writeLikePattern(read))).toBe(matches(text, pattern))
    }),
  )
})

test('a long text is searched to its end', () => {
  const text = 'a'.repeat(100_000)
  expect(matches(text, `${'%a'.repeat(50)}%b`)).toBe(false)
  expect(matches(text, '%a_a%a_b')).toBe(false)
})
