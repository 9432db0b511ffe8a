import { expect, test } from 'vitest'
import { matchesShortcut } from './shortcut-match.ts'

const keys = (
  key: string,
  code: string,
  held: Partial<Record<'altKey' | 'shiftKey' | 'ctrlKey' | 'metaKey', true>> = {},
) => ({
  key,
  code,
  altKey: false,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  ...held,
})

test('a character counts however the keyboard makes it', () => {
  expect(matchesShortcut('/', keys('/', 'Slash'))).toBe(true)
  expect(matchesShortcut('/', keys('/', 'Digit7', { shiftKey: true }))).toBe(true)
  expect(matchesShortcut('/', keys('/', 'Slash', { ctrlKey: true }))).toBe(false)
})

test('Mod is Ctrl or ⌘', () => {
  expect(matchesShortcut('Mod+KeyK', keys('k', 'KeyK', { ctrlKey: true }))).toBe(true)
  expect(matchesShortcut('Mod+KeyK', keys('k', 'KeyK', { metaKey: true }))).toBe(true)
  expect(matchesShortcut('Mod+KeyK', keys('k', 'KeyK'))).toBe(false)
})

test('modifiers must be exactly those that are named', () => {
  expect(matchesShortcut('Alt+KeyN', keys('˜', 'KeyN', { altKey: true }))).toBe(true)
  expect(matchesShortcut('Alt+KeyN', keys('N', 'KeyN', { altKey: true, shiftKey: true }))).toBe(false)
  expect(matchesShortcut('Alt+Shift+KeyN', keys('N', 'KeyN', { altKey: true, shiftKey: true }))).toBe(true)
})
