import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase } from 'vitest/node'
import type { TestResult } from './test-result.ts'

/** Writes each test's outcome for `npm test`, with the note that a skipped test gave. */
export default class VitestResults implements Reporter {
  results: TestResult[] = []

  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    if (result.state === 'pending') return
    const reason = result.state === 'skipped' ? result.note : undefined
    const title = `${test.module.relativeModuleId} › ${test.fullName}`
    this.results.push({ title, state: result.state, ...(reason && { reason }) })
  }

  onTestRunEnd(): void {
    writeFileSync('.test-results/vitest.json', JSON.stringify(this.results))
  }
}
