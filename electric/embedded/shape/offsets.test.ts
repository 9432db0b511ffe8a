import { expect, test } from 'vitest'
import { compareOffsets, formatLsn, formatOffset, type Offset, parseLsn, parseOffset } from './offsets.ts'

const offset = (text: string) => parseOffset(text) as Offset

test('offsets are read and written back unchanged', () => {
  for (const text of ['0_0', '0_inf', '24452352_0', '18446744073709551615_14']) {
    expect(formatOffset(offset(text))).toBe(text)
  }
  expect(parseOffset('-1')).toBe('before-all')
  expect(parseOffset('now')).toBe('now')
})

test('what is no offset is not read', () => {
  for (const text of ['', '0', '-2', '1_', '_1', '1_-1', 'inf_0', '1_2_3', '1e3_0', ' 1_0', 'NOW', '0x1_0']) {
    expect(parseOffset(text), text).toBeNull()
  }
})

test('offsets are ordered by number, the snapshot before its end, its end before every change', () => {
  const ordered = ['0_0', '0_1', '0_10', '0_inf', '9_0', '10_0', '10_2', '9007199254740993_0'].map(offset)
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) expect(Math.sign(compareOffsets(a, b))).toBe(Math.sign(i - j))
  }
})

test("a position in Postgres's notation is a 64-bit number", () => {
  expect(parseLsn('0/1751BD0')).toBe(24452048n)
  expect(parseLsn('1/0')).toBe(1n << 32n)
  expect(formatLsn(parseLsn('AB/FFFFFFFF'))).toBe('AB/FFFFFFFF')
})
