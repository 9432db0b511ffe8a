import type { Relation } from '../catalog/relation.ts'
import type { StreamedColumn, StreamedRelation, Tuple } from '../replication/pgoutput.ts'

/** The predicate of a shape, as Postgres runs it and as the stream is filtered by it: both always agree. */
export interface Where {
  /** Identity of the predicate within a shape's definition: parameters included. */
  readonly key: string
  /** Over the table's own columns, with every constant inlined as a typed literal. */
  readonly sql: string
  /** The columns of the shape's own table that it reads. */
  readonly columns: ReadonlySet<string>
  /** A column that must equal a value for the row to be in the shape; null when there is none. */
  readonly equality: Equality | null
  /** Tables whose changes may alter what the predicate says of an unchanged row. */
  readonly dependencies: readonly Dependency[]
  /** True until `load` has run: what `bind` gives must not be called before. */
  readonly needsLoad: boolean
  /** Three-valued inside; true only for true. The columns are those that the stream announced. */
  bind(columns: readonly StreamedColumn[]): (row: Tuple) => boolean
  /** @param query runs SQL of one column in the snapshot's transaction. */
  load(query: (sql: string) => Promise<readonly (string | null)[]>): Promise<void>
  /** What `load` brings belongs to one snapshot: every shape has a predicate of its own. */
  forOneShape(): Where
}

export interface Equality {
  readonly column: string
  /** As the stream prints it. */
  readonly value: string
  /** The predicate is nothing but this equality. */
  readonly isWhole: boolean
}

/** A table that a predicate reads besides its own. */
export interface Dependency {
  readonly relation: Relation
  /** Whether a change may alter what the predicate read: yes when in doubt. */
  affects(relation: StreamedRelation, old: Tuple | null, row: Tuple | null): boolean
}
