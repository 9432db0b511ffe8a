import { Round } from './round.ts'
import { startWorld, type World } from './world.ts'

export interface CampaignOptions {
  readonly firstSeed: number
  /** Asked before each round. */
  readonly isOver: (mutations: number) => boolean
  /** After each round: how many rows were changed in it. */
  readonly onRound: (seed: number, mutations: number) => void | Promise<void>
  /** Of another PostgreSQL than npm's. */
  readonly binaries?: string
}

/** What a seed found. */
export class RoundFailure extends Error {
  override name = 'RoundFailure'
  readonly seed: number

  constructor(seed: number, position: string, cause: unknown, output: string) {
    const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
    super(
      [
        `Seed ${seed} fails ${position}. It alone again: npm run test:soak -- --seed ${seed}`,
        reason,
        `The last that Electric said:\n${output.slice(-2_000)}`,
      ].join('\n'),
      { cause },
    )
    this.seed = seed
  }
}

/**
 * One round after the other on one Postgres and one Electric, whose storage grows with them.
 * @returns how many rows were changed
 * @throws RoundFailure at the first round that does not end as it should
 */
export async function runCampaign(options: CampaignOptions): Promise<number> {
  const world = await startWorld(options.binaries)
  let mutations = 0
  try {
    for (let seed = options.firstSeed; !options.isOver(mutations); seed++) {
      const changed = await playRound(world, seed)
      mutations += changed
      await options.onRound(seed, changed)
    }
  } finally {
    await world.stop()
  }
  return mutations
}

async function playRound(world: World, seed: number): Promise<number> {
  const round = new Round(world, seed)
  try {
    await round.play()
  } catch (error) {
    throw new RoundFailure(seed, round.position, error, world.electric.output)
  }
  return round.mutations
}
