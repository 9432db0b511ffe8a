import type { Samples } from './figures.ts'

type Measured<T> = Record<'ours' | 'peer' | 'oursAgain', T[][]> & { peerAgain?: T[][] }

/** What each turn measured under a name, by round. */
export function samplesOf<Name extends string>(
  { ours, peer, oursAgain, peerAgain }: Measured<Record<Name, number | number[]>>,
  name: Name,
): Samples {
  const of = (rounds: Record<Name, number | number[]>[][]) =>
    rounds.map((turns) => turns.flatMap<number>((turn) => turn[name]))
  const again = peerAgain ? { peerAgain: of(peerAgain) } : {}
  return { ours: of(ours), peer: of(peer), oursAgain: of(oursAgain), ...again }
}
