/** One test of any suite, as the reporters write it for `npm test`. */
export interface TestResult {
  title: string
  state: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped. */
  reason?: string
}
