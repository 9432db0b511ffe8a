/** What a figure must not exceed: a multiple of its peer, or a time. */
export type Limit = { times: number } | { ms: number }

export type Verdict = 'met' | 'missed' | 'faster' | 'slower' | 'not distinguishable'

/** One round of a measure, in milliseconds. What was measured twice tells how far the machine can be trusted. */
export interface Round {
  ours: number
  oursAgain?: number
  peer: number
  peerAgain?: number
}

export interface Comparison {
  ours: number
  peer: number
  /** Median of the rounds' ratios, which is not the ratio of the medians. */
  ratio: number
  /** Milliseconds that ours takes more than its peer. */
  added: number
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
  return {
    ours: median(rounds.map(({ ours }) => ours)),
    peer: median(rounds.map(({ peer }) => peer)),
    ratio: median(rounds.map(({ ours, peer }) => ours / peer)),
    added: median(rounds.map(({ ours, peer }) => ours - peer)),
    spread: spreadOf(rounds),
  }
}

function spreadOf(rounds: readonly Round[]): number {
  const factors = rounds
    .flatMap(({ ours, oursAgain = Number.NaN, peer, peerAgain = Number.NaN }) => [
      ours / oursAgain,
      peer / peerAgain,
    ])
    .filter((factor) => !Number.isNaN(factor))
  if (factors.length === 0) throw new RangeError('Nothing was measured twice: its spread is unknown.')
  // Which of the two came first means nothing, so 0.8 and 1.25 are the same distance.
  return Math.max(...factors.map((factor) => Math.max(factor, 1 / factor)))
}

/** Against the limit, or without one against the peer; within the spread there is nothing to say. */
export function verdictOn({ ours, ratio, spread }: Comparison, limit: Limit | null): Verdict {
  const distance = limit === null ? ratio : 'ms' in limit ? ours / limit.ms : ratio / limit.times
  if (distance >= 1 / spread && distance <= spread) return 'not distinguishable'
  if (limit === null) return distance < 1 ? 'faster' : 'slower'
  return distance < 1 ? 'met' : 'missed'
}
