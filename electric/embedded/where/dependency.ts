import type { Relation } from '../catalog/relation.ts'
import type { StreamedRelation, Tuple } from '../replication/pgoutput.ts'
import type { CheckedClause } from './checked-clause.ts'
import { compile } from './compile.ts'
import type { Condition, Subquery } from './expression.ts'
import type { Dependency } from './index.ts'
import type { Test } from './tests.ts'
import { traverse } from './traverse.ts'

/** The table that a subquery reads. */
export class SubqueryDependency implements Dependency {
  readonly relation: Relation
  readonly #subquery: Subquery
  readonly #clause: CheckedClause
  #bound: Bound | null = null

  constructor(subquery: Subquery, clause: CheckedClause) {
    this.relation = subquery.relation
    this.#subquery = subquery
    this.#clause = clause
  }

  affects(relation: StreamedRelation, old: Tuple | null, row: Tuple | null): boolean {
    if (this.#bound?.relation !== relation) this.#bound = this.#bind(relation)
    const { reads, contribution } = this.#bound
    if (reads.includes(-1)) return true
    if (old && row && reads.every((index) => old[index] === row[index])) return false
    return contribution === null || contribution(old) !== contribution(row)
  }

  #bind(relation: StreamedRelation): Bound {
    const { column, where } = this.#subquery
    const position = (name: string) => relation.columns.findIndex((each) => each.name === name)
    const reads = columnsOf(where).map(position)
    const index = position(column.name)
    return { relation, reads: [index, ...reads], contribution: this.#contribution(index, position) }
  }

  /** What a row brings into the subquery's result; null when that hangs on another table. */
  #contribution(index: number, position: (name: string) => number): Bound['contribution'] {
    const { where, domain } = this.#subquery
    if (where && hasSubquery(where)) return null
    const members = () => ({ keys: new Set<string>(), hasNull: false })
    const test: Test = where ? compile(where, { ...this.#clause, position, members }) : () => true
    return (row) => {
      if (row === null || test(row) !== true) return NOTHING
      const value = row[index] ?? null
      return value === null ? null : domain.key(value)
    }
  }
}

interface Bound {
  readonly relation: StreamedRelation
  /** Where the columns stand that it reads. */
  readonly reads: readonly number[]
  readonly contribution: ((row: Tuple | null) => string | null | typeof NOTHING) | null
}

const NOTHING = Symbol('nothing')

function columnsOf(where: Condition | null): string[] {
  const names: string[] = []
  if (where) traverse(where, { column: ({ name }) => names.push(name) })
  return names
}

function hasSubquery(where: Condition): boolean {
  let isFound = false
  traverse(where, {
    member: () => {
      isFound = true
    },
  })
  return isFound
}
