import type { Resolved } from './constants.ts'
import type { CaseFold, Condition, Like } from './expression.ts'
import type { Folding } from './letters.ts'
import type { LikePattern } from './like-pattern.ts'

/** A clause that was found to mean the same here and in Postgres. */
export interface CheckedClause {
  readonly condition: Condition
  readonly resolved: Resolved
  readonly foldings: ReadonlyMap<CaseFold, Folding>
  /** Null for what is like nothing, a null. */
  readonly patterns: ReadonlyMap<Like, LikePattern | null>
}
