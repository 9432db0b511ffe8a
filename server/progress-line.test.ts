import { expect, test } from 'vitest'
import { count, progressLine, size } from './progress-line.ts'

function shownOn(isTTY: boolean, reports: [atMs: number, step: string, share: number][]) {
  const written: string[] = []
  let at = 0
  const out = { isTTY, write: (text: string) => written.push(text) > 0 }
  const line = progressLine(out, () => at)
  for (const [ms, step, share] of reports) {
    at = ms
    line.show({ step, share, rows: 1234, bytes: 5_678_900 })
  }
  line.clear()
  return written
}

const REPORTS: Parameters<typeof shownOn>[1] = [
  [0, 'Copying', 0],
  [50, 'Copying', 0.1],
  [150, 'Copying', 0.256],
  [160, 'Checking', 1],
  [5_300, 'Checking', 1.2],
]

test('a terminal shows one line that changes at a pace that eyes can follow, and is left clean', () => {
  expect(shownOn(true, REPORTS)).toEqual([
    '\r\x1b[KCopying   0 %  1,234 rows, 5.7 MB',
    '\r\x1b[KCopying  25 %  1,234 rows, 5.7 MB',
    '\r\x1b[KChecking 100 %  1,234 rows, 5.7 MB',
    '\r\x1b[KChecking 100 %  1,234 rows, 5.7 MB',
    '\r\x1b[K',
  ])
})

test('what is no terminal gets plain lines, one a step and one every five seconds', () => {
  expect(shownOn(false, REPORTS)).toEqual([
    'Copying   0 %  1,234 rows, 5.7 MB\n',
    'Checking 100 %  1,234 rows, 5.7 MB\n',
    'Checking 100 %  1,234 rows, 5.7 MB\n',
  ])
})

test('numbers read easily', () => {
  expect([count(1_234_567), size(0), size(999), size(1_000), size(12_345_678)]).toEqual([
    '1,234,567',
    '0 B',
    '999 B',
    '1.0 KB',
    '12.3 MB',
  ])
})
