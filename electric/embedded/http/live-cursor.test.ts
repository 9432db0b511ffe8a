import { expect, test } from 'vitest'
import { liveCursor } from './live-cursor.ts'

const AT = Date.UTC(2024, 9, 9) + 61_000

test('the cursor is the time in steps of a long-poll, rounded up', () => {
  expect(liveCursor(null, 20_000, AT)).toBe('80')
  expect(liveCursor('60', 20_000, AT)).toBe('80')
  expect(liveCursor('not a number', 20_000, AT)).toBe('80')
})

test('a cursor already given is never given again', () => {
  for (const given of [80, 81, 5_000]) {
    const next = Number(liveCursor(String(given), 20_000, AT))
    expect(next).toBeGreaterThan(given)
    expect(next).toBeLessThanOrEqual(given + 3_600)
  }
})
