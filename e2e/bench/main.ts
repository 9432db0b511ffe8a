import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { InvalidArgumentError, program } from 'commander'
import { appSuite } from './app-suite.ts'
import { electricSuite } from './electric/suite.ts'
import { machineOf, type Report, table } from './report.ts'
import { MIN_ROUNDS } from './statistics.ts'
import type { Outcome, Suite } from './suite.ts'

// `npm run bench [-- [app|electric] [<measure> …] --json <file>]`: real servers of its own on free ports, beside
// whatever runs.

const suites: Record<string, Suite> = { app: appSuite, electric: electricSuite }

program
  .argument('[suite]', `one of ${Object.keys(suites).join(', ')}; all of them without`)
  .argument('[measures...]', 'leaves out its others')
  .option('--json <file>', 'also write the figures, with those of each round, to a file')
  .option(
    '--profile <folder>',
    'write CPU profiles of what is measured, Electric or the app, for Chrome’s developer tools',
  )
  .option('--rounds <number>', 'how many rounds', roundsOf, MIN_ROUNDS)
  .parse()
const options = program.opts<{ json?: string; profile?: string; rounds: number }>()

const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const)
  process.on(name, () => stopped.abort(new Error('asked to stop')))

try {
  await run(chosen(program.args))
} catch (error) {
  console.error(stopped.signal.aborted ? `Stopped: ${stopped.signal.reason.message}` : error)
  process.exitCode = 1
}
process.exit()

async function run(plan: [Suite, readonly string[]][]): Promise<void> {
  const startedAt = new Date()
  const outcomes: Outcome[] = []
  for (const [suite, only] of plan) outcomes.push(await outcomeOf(suite, only))
  const report: Report = {
    machine: machineOf(outcomes[0]?.postgres ?? ''),
    started_at: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    rounds: options.rounds,
    figures: outcomes.flatMap(({ figures }) => figures),
    failures: outcomes.flatMap(({ failures }) => failures),
  }
  console.log(table(report))
  if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
  if (report.failures.length > 0) process.exitCode = 1
}

async function outcomeOf(suite: Suite, only: readonly string[]): Promise<Outcome> {
  const limit = AbortSignal.timeout(suite.withinMs)
  const profileDir = options.profile ? resolve(options.profile) : null
  if (profileDir) await mkdir(profileDir, { recursive: true })
  const signal = AbortSignal.any([stopped.signal, limit])
  return suite.run({ only, rounds: options.rounds, signal, profileDir })
}

function chosen([name, ...measures]: readonly string[]): [Suite, readonly string[]][] {
  if (name === undefined) return Object.values(suites).map((suite) => [suite, suite.measures])
  const suite = suites[name]
  if (!suite) program.error(`There is no suite "${name}", only ${Object.keys(suites).join(' and ')}.`)
  for (const measure of measures) {
    if (suite.measures.includes(measure)) continue
    program.error(`There is no measure "${measure}", only ${suite.measures.join(', ')}.`)
  }
  return [[suite, measures.length > 0 ? measures : suite.measures]]
}

function roundsOf(text: string): number {
  const rounds = Number(text)
  if (Number.isInteger(rounds) && rounds >= MIN_ROUNDS) return rounds
  throw new InvalidArgumentError(`At least ${MIN_ROUNDS}: a median of fewer says nothing.`)
}
