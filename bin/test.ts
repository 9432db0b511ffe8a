import { mkdir, readFile, rm } from 'node:fs/promises'
import { ensureBuild } from '../server/build.ts'
import { leaveLauncher } from '../server/leave-launcher.ts'
import { checkSteps, PLAYWRIGHT, runStep, VITEST } from './steps.ts'
import type { TestResult } from './test-result.ts'

// `npm test`: everything. A run of a suite counts as failed when it says so or when it left no results.

const RESULTS = '.test-results'
const results: TestResult[] = []
await rm(RESULTS, { recursive: true, force: true })
await mkdir(RESULTS, { recursive: true })

for (const step of checkSteps)
  results.push({ title: step.name, state: (await runStep(step)) ? 'passed' : 'failed' })
await suite(
  'unit and PostgreSQL tests',
  VITEST,
  ['run', '--reporter=default', '--reporter=./bin/vitest-results.ts'],
  'vitest.json',
)
if (await built()) {
  await suite('outside-in tests', PLAYWRIGHT, ['test', '-c', 'e2e/playwright.config.ts'], 'playwright.json')
}
summary()
leaveLauncher()

async function built(): Promise<boolean> {
  console.log('\n── build')
  const state = await ensureBuild(console.log).then(
    () => 'passed' as const,
    (error: Error) => {
      console.error(error.message)
      return 'failed' as const
    },
  )
  results.push({ title: 'build', state })
  return state === 'passed'
}

async function suite(name: string, program: string, args: string[], file: string): Promise<void> {
  const passed = await runStep({ name, program, args })
  const text = await readFile(`${RESULTS}/${file}`, 'utf8').catch(() => '[]')
  const own = JSON.parse(text) as TestResult[]
  results.push(...own)
  // Errors outside of any test (a file that cannot be loaded, an unhandled rejection) fail a run without failing a test.
  if (own.length === 0 || (!passed && !own.some(({ state }) => state === 'failed'))) {
    results.push({ title: `${name}: the run itself (see above)`, state: 'failed' })
  }
}

function summary(): void {
  const of = (state: TestResult['state']) => results.filter((result) => result.state === state)
  const [passed, failed, skipped] = [of('passed'), of('failed'), of('skipped')]
  if (skipped.length > 0) {
    console.log(`\n${skipped.length} skipped:`)
    for (const { title, reason } of skipped) console.log(`- ${title}: ${reason ?? 'NO REASON GIVEN'}`)
  }
  if (failed.length > 0) {
    console.log(`\n${failed.length} failed:`)
    for (const { title } of failed) console.log(`- ${title}`)
  }
  process.exitCode = failed.length > 0 ? 1 : 0
  console.log(`\n${passed.length} passed, ${failed.length} failed`)
}
