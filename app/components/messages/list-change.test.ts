import { expect, test } from 'vitest'
import { listChange } from './list-change.ts'

const rows = (...keys: string[]) => new Map(keys.map((key, index) => [key, index]))
const seen = [
  { key: 'c', top: -4 },
  { key: 'd', top: 30 },
]

test('rows that come below leave the place alone', () => {
  expect(listChange(rows('a', 'c', 'd'), rows('a', 'c', 'd', 'e'), seen)).toEqual({
    shift: false,
    restore: null,
  })
})

test('rows that come or go above shift the list from its end', () => {
  expect(listChange(rows('a', 'c', 'd'), rows('a', 'b', 'c', 'd'), seen)).toEqual({
    shift: true,
    restore: null,
  })
  expect(listChange(rows('a', 'b', 'c', 'd'), rows('a', 'c', 'd'), seen)).toEqual({
    shift: true,
    restore: null,
  })
})

test('rows that come on both sides at once need the place restored', () => {
  expect(listChange(rows('a', 'c', 'd'), rows('a', 'b', 'c', 'd', 'e'), seen)).toEqual({
    shift: false,
    restore: { index: 2, top: -4 },
  })
})

test('when the first row in view has gone the next one holds the place', () => {
  expect(listChange(rows('a', 'c', 'd'), rows('a', 'x', 'y', 'd', 'e'), seen)).toEqual({
    shift: false,
    restore: { index: 3, top: 30 },
  })
})

test('a wholly different list has no place to keep', () => {
  expect(listChange(rows('a', 'c'), rows('x', 'y', 'z'), seen)).toEqual({ shift: false, restore: null })
})
