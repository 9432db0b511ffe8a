import { mkdirSync, writeFileSync } from 'node:fs'
import type { FullConfig, Reporter, Suite, TestCase } from 'playwright/types/testReporter'
import type { TestResult } from './test-result.ts'

/** Writes each test's final outcome for `npm test`, with the reason that a skipped test gave. */
export default class PlaywrightResults implements Reporter {
  private root: Suite | undefined

  onBegin(_config: FullConfig, suite: Suite): void {
    this.root = suite
  }

  onEnd(): void {
    mkdirSync('.test-results', { recursive: true })
    writeFileSync(
      '.test-results/playwright.json',
      JSON.stringify((this.root?.allTests() ?? []).map(resultOf)),
    )
  }
}

function resultOf(test: TestCase): TestResult {
  const title = test.titlePath().filter(Boolean).join(' › ')
  const outcome = test.outcome()
  if (outcome === 'skipped') {
    const reason = test.annotations.find(({ type }) => type === 'skip' || type === 'fixme')?.description
    // Interrupted runs leave tests that never ran; only a test that says why counts as skipped.
    return reason ? { title, state: 'skipped', reason } : { title, state: 'failed' }
  }
  return { title, state: outcome === 'expected' ? 'passed' : 'failed' }
}
