import { expect, test } from 'vitest'
import { sinceCommits } from './since-commits.ts'

test('each time that a row was seen counts from its own commit', () => {
  const commits = [
    { marker: 'm1', at: 100 },
    { marker: 'm2', at: 110 },
  ]
  const seen = [
    { marker: 'm2', at: 113 },
    { marker: 'm1', at: 104 },
    { marker: 'm1', at: 105 },
  ]
  expect(sinceCommits(commits, seen)).toEqual([3, 4, 5])
})

test('a row that nobody wrote is not measured', () => {
  expect(() => sinceCommits([{ marker: 'm1', at: 1 }], [{ marker: 'm2', at: 2 }])).toThrow('m2')
})
