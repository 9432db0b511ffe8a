import {
  type Comparison,
  compare,
  type Limit,
  median,
  type Round,
  type Verdict,
  verdictOn,
} from './statistics.ts'

/** Of rates more is better, of all else less. */
export type Unit = 'ms' | 'rows/s' | 'MB/s' | 'KB' | 'MB'

/** One line of the table. */
export interface Figure extends Comparison {
  measure: string
  unit: Unit
  /** Null for what stands for itself. */
  peerName: string | null
  limit: Limit | null
  verdict: Verdict
  /** What it was made of, for whoever doubts it. */
  rounds: Round[]
}

export interface Sought {
  measure: string
  unit?: Unit
  peerName?: string
  limit?: Limit
  /** What stands for the samples of one round. */
  by?: (samples: readonly number[]) => number
}

/** Samples by round. */
export interface Samples {
  ours: number[][]
  oursAgain?: number[][]
  peer?: number[][]
  peerAgain?: number[][]
}

export function figure(
  { measure, unit = 'ms', peerName, limit, by = median }: Sought,
  samples: Samples,
): Figure {
  const rounds = samples.ours.map((_, index) => roundOf(samples, index, by))
  const comparison = compare(rounds)
  return {
    measure,
    unit,
    peerName: peerName ?? null,
    ...comparison,
    limit: limit ?? null,
    verdict: verdictOn(comparison, limit ?? null, unit.endsWith('/s')),
    rounds,
  }
}

function roundOf(samples: Samples, index: number, by: NonNullable<Sought['by']>): Round {
  const entries = Object.entries(samples).map(([name, rounds]) => [name, by(rounds[index] ?? [])])
  return Object.fromEntries(entries) // the names of Samples are those of Round
}
