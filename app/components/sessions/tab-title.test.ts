import { expect, test } from 'vitest'
import { tabTitle } from './tab-title.ts'

test('the unread count leads the title, where it can be seen in a narrow tab', () => {
  expect(tabTitle(3, 'Fix the parser')).toBe('(3) Fix the parser · Throughline')
  expect(tabTitle(120)).toBe('(99+) Throughline')
})

test('nothing unread leaves the title alone', () => {
  expect(tabTitle(0, 'Fix the parser')).toBe('Fix the parser · Throughline')
  expect(tabTitle(0)).toBe('Throughline')
})
