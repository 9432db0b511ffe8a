import type { Node } from 'libpg-query'
import { describeNode } from './nodes.ts'

/** A clause stands alone behind one of these; the parser's locations count from their beginning. */
export const BEFORE_WHERE = 'SELECT 1 WHERE '
export const BEFORE_ORDER_BY = 'SELECT 1 ORDER BY '

/** A clause that is not allowed, in the words for its caller. */
export class Refusal extends Error {
  override name = 'Refusal'
}

/** @param location as the parser gives it; it has none for some nodes. What is wrong in a filter counts from the filter's own beginning. */
export function refuse(location: number | undefined, message: string): Refusal {
  if (location === undefined || location < BEFORE_WHERE.length) return new Refusal(message)
  return new Refusal(`At location ${location - BEFORE_WHERE.length}: ${message}`)
}

/** In ORDER BY it counts from the wrapper's. */
export function refuseOrder(location: number | undefined, message: string): Refusal {
  return new Refusal(location === undefined || location < 0 ? message : `At location ${location}: ${message}`)
}

export function unsupported(node: Node): Refusal {
  const { kind, location } = describeNode(node)
  if (kind === 'SubLink') return noSubquery()
  return refuse(location, `${kind} is not supported in this context`)
}

export function noSubquery(): Refusal {
  return new Refusal('Subqueries are not allowed in subsets')
}
