import { snapshotFailed } from '../http/protocol-error.ts'
import type { StreamedColumn, Tuple } from '../replication/pgoutput.ts'
import type { CheckedClause } from './checked-clause.ts'
import { compile, type Surroundings } from './compile.ts'
import { SubqueryDependency } from './dependency.ts'
import { findEquality } from './equality.ts'
import type { Condition, Subquery } from './expression.ts'
import type { Dependency, Equality, Where } from './index.ts'
import { type Members, membersOf } from './members.ts'
import { conditionSql, membersSql } from './to-sql.ts'
import { traverse, traverseAll } from './traverse.ts'
import { BOOL } from './types.ts'

const MAX_MEMBERS = 1_000_000

export class CheckedWhere implements Where {
  readonly key: string
  readonly sql: string
  readonly columns: ReadonlySet<string>
  readonly equality: Equality | null
  readonly dependencies: readonly Dependency[]
  readonly #clause: CheckedClause
  readonly #subqueries: readonly Subquery[]
  #members: ReadonlyMap<Subquery, Members> | null

  constructor(clause: CheckedClause) {
    const { condition, resolved } = clause
    this.#clause = clause
    this.sql = conditionSql(condition, { ...clause, qualifier: '' })
    this.columns = columnsOf(condition)
    this.equality = findEquality(condition, resolved)
    this.dependencies = allSubqueriesOf(condition).map((each) => new SubqueryDependency(each, clause))
    // Another table of the same name is another one.
    this.key = [this.sql, ...this.dependencies.map(({ relation }) => relation.oid)].join(' ')
    this.#subqueries = subqueriesOf(condition)
    this.#members = this.#subqueries.length === 0 ? new Map() : null
  }

  get needsLoad(): boolean {
    return this.#members === null
  }

  bind(columns: readonly StreamedColumn[]): (row: Tuple) => boolean {
    const around: Surroundings = {
      ...this.#clause,
      position: (column) => columns.findIndex(({ name }) => name === column),
      members: (subquery) => this.#membersOf(subquery),
    }
    const test = compile(this.#clause.condition, around)
    return (row) => {
      try {
        return test(row) === true
      } catch (error) {
        // A value that its type does not print: the protocol's answer is that such a row does not match.
        if (error instanceof RangeError) return false
        throw error
      }
    }
  }

  async load(query: (sql: string) => Promise<readonly (string | null)[]>): Promise<void> {
    const members = new Map<Subquery, Members>()
    for (const subquery of this.#subqueries) {
      members.set(subquery, toMembers(subquery, await query(membersSql(subquery, this.#clause))))
    }
    this.#members = members
  }

  forOneShape(): Where {
    return this.#subqueries.length === 0 ? this : new CheckedWhere(this.#clause)
  }

  #membersOf(subquery: Subquery): Members {
    const members = this.#members?.get(subquery)
    if (!members) throw new Error('A predicate was asked before its subqueries were loaded.')
    return members
  }
}

function columnsOf(condition: Condition): ReadonlySet<string> {
  const names = new Set<string>()
  traverse(condition, { column: ({ name }) => names.add(name) })
  return names
}

function subqueriesOf(condition: Condition): Subquery[] {
  const subqueries: Subquery[] = []
  traverse(condition, { member: ({ subquery }) => subqueries.push(subquery) })
  return subqueries
}

function allSubqueriesOf(condition: Condition): Subquery[] {
  const subqueries: Subquery[] = []
  traverseAll(condition, { member: ({ subquery }) => subqueries.push(subquery) })
  return subqueries
}

function toMembers({ column, domain }: Subquery, values: readonly (string | null)[]): Members {
  if (values.length > MAX_MEMBERS) {
    throw snapshotFailed(
      `A subquery selects more than ${MAX_MEMBERS} values, the most that the embedded server holds`,
    )
  }
  // A cast to text makes a word of a boolean.
  const printed = column.type === BOOL ? values.map((value) => value?.slice(0, 1) ?? null) : values
  return membersOf(printed, domain)
}
