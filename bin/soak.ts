import { InvalidArgumentError, program } from 'commander'
import { RoundFailure, runCampaign } from '#electric/embedded/oracle/campaign.ts'
import { readState, type SoakState, writeState } from './soak-state.ts'

// `npm run test:soak`: rounds of the oracle with ever new seeds, until a million rows were changed in all runs together.

const GOAL = 1_000_000
/** One Postgres and one Electric for so many rounds. */
const ROUNDS_TOGETHER = 40

program
  .option('--seed <number>', 'play the round of one seed alone, and count it for nothing', count)
  .option('--rounds <number>', 'with --seed: also the seeds after it', count, 1)
  .option('--minutes <number>', 'stop after the round in which they are over', count)
  .option(
    '--mutations <number>',
    `stop when this run alone has so many; without it, at ${GOAL} in all`,
    count,
  )
  .parse()
const options = program.opts<{ seed?: number; rounds: number; minutes?: number; mutations?: number }>()

let isStopped = false
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const) {
  process.on(name, () => {
    if (!isStopped) console.log('Stopping after this round; what was counted is kept.')
    isStopped = true
  })
}

// The official client tells of each shape that ended.
console.warn = () => {}

try {
  await (options.seed === undefined ? soak() : replay(options.seed, options.rounds))
} catch (error) {
  console.error(error instanceof RoundFailure ? error.message : error)
  process.exitCode = 1
}
process.exit()

async function replay(seed: number, rounds: number): Promise<void> {
  let played = 0
  await runCampaign({
    firstSeed: seed,
    isOver: () => isStopped || played === rounds,
    onRound: (each, mutations) => {
      played++
      console.log(`Seed ${each}: ${mutations} mutations, and every client holds what Postgres does.`)
    },
  })
}

async function soak(): Promise<void> {
  let state = await readState()
  const before = state
  const startedAt = performance.now()
  const minutes = () => (performance.now() - startedAt) / 60_000
  const isOver = () => {
    if (isStopped || (options.minutes !== undefined && minutes() >= options.minutes)) return true
    if (options.mutations !== undefined) return state.mutations - before.mutations >= options.mutations
    return options.minutes === undefined && state.mutations >= goalAfter(before.mutations)
  }
  const report = () => {
    const here = state.mutations - before.mutations
    const rate = Math.round(here / (minutes() * 60))
    return `seed ${state.nextSeed - 1}: ${n(here)} mutations here, ${rate} a second; ${n(state.mutations)} in all`
  }
  while (!isOver()) {
    state = await playTogether(state, isOver, (now) => {
      state = now
      console.log(report())
    })
  }
  console.log(
    `${report()}, in ${n(state.rounds)} rounds. Seeds that failed: ${state.failed.join(', ') || 'none'}.`,
  )
}

async function playTogether(
  before: SoakState,
  isOver: () => boolean,
  onState: (state: SoakState) => void,
): Promise<SoakState> {
  let state = before
  try {
    await runCampaign({
      firstSeed: before.nextSeed,
      isOver: () => isOver() || state.rounds - before.rounds >= ROUNDS_TOGETHER,
      onRound: async (seed, mutations) => {
        state = {
          ...state,
          mutations: state.mutations + mutations,
          rounds: state.rounds + 1,
          nextSeed: seed + 1,
        }
        await writeState(state)
        onState(state)
      },
    })
    return state
  } catch (error) {
    if (error instanceof RoundFailure) {
      const failed = [...new Set([...state.failed, error.seed])]
      await writeState({ ...state, nextSeed: error.seed + 1, failed })
      const together = error.seed - before.nextSeed + 1
      console.error(
        `With those before it: npm run test:soak -- --seed ${before.nextSeed} --rounds ${together}`,
      )
    }
    throw error
  }
}

/** The next multiple: whoever goes on after a million wants another. */
function goalAfter(mutations: number): number {
  return (Math.floor(mutations / GOAL) + 1) * GOAL
}

function n(number: number): string {
  return number.toLocaleString('en-US')
}

function count(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0) return number
  throw new InvalidArgumentError('A whole number.')
}
