import type { Figure } from './figures.ts'

/** What a suite is asked for. */
export interface Course {
  /** Names of its measures, in its own order. */
  only: readonly string[]
  rounds: number
  signal: AbortSignal
  /** Folder for CPU profiles of what is measured, where the suite can make them. */
  profileDir: string | null
}

export interface Failure {
  measure: string
  reason: string
}

export interface Outcome {
  /** Version of the server that was measured with. */
  postgres: string
  figures: Figure[]
  failures: Failure[]
}

/** Measures that share what they start. */
export interface Suite {
  measures: readonly string[]
  /** What takes longer is stopped. */
  withinMs: number
  run(course: Course): Promise<Outcome>
}
