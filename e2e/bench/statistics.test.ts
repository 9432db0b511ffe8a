import { expect, test } from 'vitest'
import { type Comparison, compare, median, quantile, verdictOn } from './statistics.ts'

const fiveOf = <T>(value: T): T[] => Array.from({ length: 5 }, () => value)
const comparison = (given: Partial<Comparison>): Comparison => ({
  ours: 10,
  peer: 10,
  ratio: 1,
  added: 0,
  spread: 1,
  ...given,
})

test('the median of an odd number of values is the middle one, of an even number the mean of the two', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

test('values are compared as numbers and left in their order', () => {
  const values = [100, 20, 3]
  expect(median(values)).toBe(20)
  expect(values).toEqual([100, 20, 3])
})

test('a quantile between two values is interpolated', () => {
  const hundredAndOne = Array.from({ length: 101 }, (_, n) => n)
  expect(quantile(hundredAndOne, 0.95)).toBe(95)
  expect(quantile([10, 20], 0.95)).toBeCloseTo(19.5)
  expect(quantile([7], 0.95)).toBe(7)
})

test('nothing has no median', () => {
  expect(() => median([])).toThrow(RangeError)
})

test('the ratio is the median of the rounds’ ratios, so that one slow round of the machine changes nothing', () => {
  const rounds = [...Array.from({ length: 4 }, () => ({ ours: 2, peer: 1, peerAgain: 1 }))]
  const { ratio, ours, peer } = compare([...rounds, { ours: 200, peer: 100, peerAgain: 100 }])
  expect({ ratio, ours, peer }).toEqual({ ratio: 2, ours: 2, peer: 1 })
})

test('what is added is taken round by round', () => {
  const machines = [1, 2, 3, 4, 5].map((n) => ({ ours: n + 0.5, peer: n, peerAgain: n }))
  expect(compare(machines).added).toBe(0.5)
})

test('the spread is the largest factor between two measurements of the same thing, whichever came first', () => {
  const rounds = fiveOf({ ours: 1, peer: 1, peerAgain: 1 })
  const withRound = (last: { peerAgain?: number; oursAgain?: number }) =>
    compare([...rounds, { ours: 1, peer: 1, ...last }]).spread
  expect(withRound({ peerAgain: 1 })).toBe(1)
  expect(withRound({ peerAgain: 0.8 })).toBe(1.25)
  expect(withRound({ peerAgain: 1.25 })).toBe(1.25)
  expect(withRound({ oursAgain: 2, peerAgain: 1.1 })).toBe(2)
})

test('fewer than five rounds, or nothing measured twice, make no figure', () => {
  const round = { ours: 1, peer: 1, peerAgain: 1 }
  expect(() => compare([round, round, round, round])).toThrow('at least 5 rounds')
  expect(() => compare(fiveOf({ ours: 1, peer: 1 }))).toThrow('measured twice')
})

test('a ratio is met or missed only outside of the spread around its limit', () => {
  const at = (ratio: number) => verdictOn(comparison({ ratio, spread: 1.1 }), { times: 2 })
  expect(at(1.7)).toBe('met')
  expect(at(1.9)).toBe('not distinguishable')
  expect(at(2.1)).toBe('not distinguishable')
  expect(at(2.3)).toBe('missed')
})

test('a ratio that should be large is met above its limit', () => {
  const at = (ratio: number) => verdictOn(comparison({ ratio, spread: 1.1 }), { timesAtLeast: 0.5 })
  expect(at(0.6)).toBe('met')
  expect(at(0.52)).toBe('not distinguishable')
  expect(at(0.48)).toBe('not distinguishable')
  expect(at(0.4)).toBe('missed')
})

test('what stands for itself has no ratio, and only a limit of its own judges it', () => {
  const alone = compare(fiveOf({ ours: 90, oursAgain: 90 }))
  expect(alone).toEqual({ ours: 90, peer: null, ratio: null, added: null, spread: 1 })
  expect(verdictOn(alone, { most: 100 })).toBe('met')
  expect(() => verdictOn(alone, { times: 2 })).toThrow('Nothing was measured to compare with')
})

test('a limit in the unit of the figure judges it, not the ratio', () => {
  const at = (ours: number) => verdictOn(comparison({ ours, ratio: 50, spread: 1.1 }), { most: 100 })
  expect(at(80)).toBe('met')
  expect(at(105)).toBe('not distinguishable')
  expect(at(120)).toBe('missed')
})

test('without a limit the peer is the measure', () => {
  const at = (ratio: number) => verdictOn(comparison({ ratio, spread: 1.1 }), null)
  expect(at(0.8)).toBe('faster')
  expect(at(1.05)).toBe('not distinguishable')
  expect(at(1.2)).toBe('slower')
})

test('of two rates the higher one is the faster', () => {
  const at = (ratio: number) => verdictOn(comparison({ ratio, spread: 1.1 }), null, true)
  expect(at(1.2)).toBe('faster')
  expect(at(0.8)).toBe('slower')
})
