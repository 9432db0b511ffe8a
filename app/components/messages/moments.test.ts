import { expect, test } from 'vitest'
import { clockTime, dayKey, dayLabel, daysAgo, durationLabel, shortMoment, timeOfDay } from './moments.ts'

const now = new Date(2026, 10, 21, 0, 30)

test('a message of half past eleven last night is from yesterday', () => {
  expect(daysAgo(new Date(2026, 10, 20, 23, 30), now)).toBe(1)
  expect(dayLabel(new Date(2026, 10, 20, 23, 30), now)).toBe('Yesterday')
  expect(dayLabel(now, now)).toBe('Today')
})

test('a day label names the year only when it is another one', () => {
  expect(dayLabel(new Date(2026, 2, 3), now)).not.toContain('2026')
  expect(dayLabel(new Date(2025, 2, 3), now)).toContain('2025')
})

test('the short moment is the time today, and never the time on another day', () => {
  const earlier = new Date(2026, 10, 21, 0, 5)
  expect(shortMoment(earlier, now)).toBe(timeOfDay(earlier))
  expect(shortMoment(new Date(2026, 10, 20, 0, 5), now)).not.toContain(':')
  expect(shortMoment(new Date(2024, 10, 20), now)).toContain('2024')
})

test('a clock that runs ahead of this one still shows a time', () => {
  const ahead = new Date(2026, 10, 21, 0, 31)
  expect(shortMoment(ahead, now)).toBe(timeOfDay(ahead))
})

test('day keys are equal within a local day only', () => {
  expect(dayKey(new Date(2026, 10, 21, 0, 0))).toBe(dayKey(new Date(2026, 10, 21, 23, 59)))
  expect(dayKey(new Date(2026, 10, 21, 23, 59))).not.toBe(dayKey(new Date(2026, 10, 22, 0, 0)))
})

test('durations use the unit that says them shortest', () => {
  expect(durationLabel(12)).toBe('12 ms')
  expect(durationLabel(1540)).toBe('1.5 s')
  expect(durationLabel(42_000)).toBe('42 s')
  expect(durationLabel(125_000)).toBe('2 min 5 s')
})

test('the time in the margin is digits alone', () => {
  expect(clockTime(new Date(2026, 10, 21, 21, 5))).toMatch(/^\d{1,2}\D05$/)
})
