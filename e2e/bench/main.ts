import { writeFile } from 'node:fs/promises'
import { InvalidArgumentError, Option, program } from 'commander'
import postgres from 'postgres'
import { roleUrl } from '#db/roles.ts'
import type { Figure } from './figures.ts'
import { createHttpClient } from './http-client.ts'
import { measures } from './measures/index.ts'
import { machineOf, type Report, table } from './report.ts'
import { type Stack, startStack } from './stack.ts'
import { MIN_ROUNDS } from './statistics.ts'

// `npm run bench [-- --json <file> --only <measure> …]`: real servers of its own on free ports, beside whatever runs.

const WITHIN_MS = 90_000

program
  .option('--json <file>', 'also write the figures, with those of each round, to a file')
  .addOption(new Option('--only <measure...>', 'leave out the others').choices(Object.keys(measures)))
  .option('--rounds <number>', 'how many rounds', roundsOf, MIN_ROUNDS)
  .parse()
const options = program.opts<{ json?: string; only?: string[]; rounds: number }>()

const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const)
  process.on(name, () => stopped.abort(new Error('asked to stop')))
const signal = AbortSignal.any([stopped.signal, AbortSignal.timeout(WITHIN_MS)])

try {
  await run()
} catch (error) {
  console.error(signal.aborted ? `Stopped: ${signal.reason.message}` : error)
  process.exitCode = 1
}
process.exit()

async function run(): Promise<void> {
  const startedAt = new Date()
  console.error('Starting …')
  const stack = await startStack()
  try {
    const { figures, version } = await measure(stack)
    const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000)
    const report: Report = {
      machine: machineOf(version),
      started_at: startedAt.toISOString(),
      seconds,
      rounds: options.rounds,
      figures,
    }
    console.log(table(report))
    if (options.json) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await stack.stop()
  }
}

async function measure(stack: Stack): Promise<{ figures: Figure[]; version: string }> {
  const http = createHttpClient()
  const sql = postgres(roleUrl(stack.databaseUrl, 'app'), { max: 20, onnotice: () => {} })
  const figures: Figure[] = []
  try {
    const [{ server_version: version } = { server_version: '' }] = await sql<
      { server_version: string }[]
    >`show server_version`
    for (const [name, work] of Object.entries(measures)) {
      if (options.only && !options.only.includes(name)) continue
      console.error(`Measuring ${name} …`)
      figures.push(...(await work({ stack, http, sql, rounds: options.rounds, signal })))
    }
    return { figures, version }
  } finally {
    http.close()
    await sql.end({ timeout: 1 })
  }
}

function roundsOf(text: string): number {
  const rounds = Number(text)
  if (Number.isInteger(rounds) && rounds >= MIN_ROUNDS) return rounds
  throw new InvalidArgumentError(`At least ${MIN_ROUNDS}: a median of fewer says nothing.`)
}
