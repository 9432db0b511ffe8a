/** What a figure must keep to: at most or at least a multiple of its peer, or at most so much in its own unit. */
export type Limit = { times: number } | { timesAtLeast: number } | { most: number }

export type Verdict = 'met' | 'missed' | 'faster' | 'slower' | 'not distinguishable'

/** One round of a measure. What was measured twice tells how far the machine can be trusted. */
export interface Round {
  ours: number
  oursAgain?: number
  /** Absent where a figure stands for itself. */
  peer?: number
  peerAgain?: number
}

export interface Comparison {
  ours: number
  peer: number | null
  /** Median of the rounds' ratios, which is not the ratio of the medians. */
  ratio: number | null
  /** How much more ours is than its peer. */
  added: number | null
  /** The largest factor between two measurements of the same thing in one round; at least 1. */
  spread: number
}

export const MIN_ROUNDS = 5

/** @param q from 0 to 1; between two values it is interpolated. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  if (low === undefined || high === undefined) throw new RangeError('There is no quantile of no values.')
  return low + (high - low) * (at - Math.floor(at))
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** @throws RangeError with fewer rounds than a median can be trusted with, or without anything measured twice. */
export function compare(rounds: readonly Round[]): Comparison {
  if (rounds.length < MIN_ROUNDS) throw new RangeError(`A figure needs at least ${MIN_ROUNDS} rounds.`)
  const pairs = rounds.flatMap(({ ours, peer }) => (peer === undefined ? [] : [{ ours, peer }]))
  const ofPairs = (value: (pair: { ours: number; peer: number }) => number) =>
    pairs.length < rounds.length ? null : median(pairs.map(value))
  return {
    ours: median(rounds.map(({ ours }) => ours)),
    peer: ofPairs(({ peer }) => peer),
    ratio: ofPairs(({ ours, peer }) => ours / peer),
    added: ofPairs(({ ours, peer }) => ours - peer),
    spread: spreadOf(rounds),
  }
}

function spreadOf(rounds: readonly Round[]): number {
  const factors = rounds
    .flatMap(({ ours, oursAgain = Number.NaN, peer = Number.NaN, peerAgain = Number.NaN }) => [
      ours / oursAgain,
      peer / peerAgain,
    ])
    .filter((factor) => !Number.isNaN(factor))
  if (factors.length === 0) throw new RangeError('Nothing was measured twice: its spread is unknown.')
  // Which of the two came first means nothing, so 0.8 and 1.25 are the same distance.
  return Math.max(...factors.map((factor) => Math.max(factor, 1 / factor)))
}

/**
 * Against the limit, or without one against the peer; within the spread there is nothing to say.
 * @param isRate of a rate more is better
 * @throws RangeError without a peer where one is needed
 */
export function verdictOn(comparison: Comparison, limit: Limit | null, isRate = false): Verdict {
  const { spread } = comparison
  const distance = distanceFrom(limit, comparison, isRate)
  if (distance >= 1 / spread && distance <= spread) return 'not distinguishable'
  if (limit === null) return distance < 1 ? 'faster' : 'slower'
  return distance < 1 ? 'met' : 'missed'
}

/** Below 1 on the good side. */
function distanceFrom(limit: Limit | null, { ours, ratio }: Comparison, isRate: boolean): number {
  if (limit && 'most' in limit) return ours / limit.most
  if (ratio === null) throw new RangeError('Nothing was measured to compare with.')
  if (limit === null) return isRate ? 1 / ratio : ratio
  return 'times' in limit ? ratio / limit.times : limit.timesAtLeast / ratio
}
