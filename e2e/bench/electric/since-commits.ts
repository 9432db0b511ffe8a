import type { Seen } from '../processes/answers.ts'
import type { Commit } from './processes/writer.ts'

/**
 * Milliseconds from each commit to each time that it was seen.
 * @throws Error when something else was seen: it would be compared with the wrong commit
 */
export function sinceCommits(commits: readonly Commit[], seen: readonly Seen[]): number[] {
  const committedAt = new Map(commits.map(({ marker, at }) => [marker, at]))
  return seen.map(({ marker, at }) => {
    const committed = committedAt.get(marker)
    if (committed === undefined) throw new Error(`The row ${marker} is none of those that were written.`)
    return at - committed
  })
}
