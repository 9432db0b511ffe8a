import type { Tuple } from '../replication/pgoutput.ts'
import type { Domain } from './domains.ts'
import type { Elements, Read, Test } from './tests.ts'

/** Values that are looked up rather than gone through: a list's, an array's, a subquery's. */
export interface Members {
  /** As their domain has them. */
  readonly keys: ReadonlySet<string>
  readonly hasNull: boolean
}

export function membersOf(elements: Elements, domain: Domain): Members {
  const keys = elements.filter((text) => text !== null).map((text) => domain.key(text))
  return { keys: new Set(keys), hasNull: keys.length < elements.length }
}

/** Of nothing there is no member, not even perhaps. */
export function membership(read: Read, members: () => Members, domain: Domain): Test {
  return (row) => {
    const { keys, hasNull } = members()
    if (keys.size === 0 && !hasNull) return false
    const text = read(row)
    if (text === null) return null
    if (keys.has(domain.key(text))) return true
    return hasNull ? null : false
  }
}

type ReadMembers = (row: Tuple) => Members | null

/** Whether all of one are in the other. A null is in nothing. */
export function containment(all: ReadMembers, some: ReadMembers): Test {
  return (row) => {
    const container = all(row)
    const contained = some(row)
    if (container === null || contained === null) return null
    return !contained.hasNull && contained.keys.isSubsetOf(container.keys)
  }
}

/** Whether they have one in common. */
export function overlap(left: ReadMembers, right: ReadMembers): Test {
  return (row) => {
    const a = left(row)
    const b = right(row)
    return a === null || b === null ? null : !a.keys.isDisjointFrom(b.keys)
  }
}
