import type { ShapeToken } from './shape-tokens.ts'
import type { Subscription } from './subscription.ts'

/** A subscription on one stream, and the token that it stands on there. */
export interface Place {
  subscription: Subscription
  token: ShapeToken
}

/** A shape and where its reader stands; its token is named by its place among the request's. */
export interface LiveEntry {
  id: string
  shape: string
  session_id?: string
  token: number
  handle: string
  offset: string
  cursor?: string
}

export interface LiveRequest {
  /** Each token once: a page has a few for many entries, and they are the largest part of a request. */
  tokens: string[]
  entries: LiveEntry[]
}

/** What is asked for these places, and for those that only need the new tokens (proxy/live/FORMAT.md). */
export function liveRequest(
  places: Iterable<[id: string, Place]>,
  renewed: Iterable<string> = [],
): LiveRequest {
  const indexes = new Map<string, number>()
  const indexOf = (token: string) => {
    const index = indexes.get(token) ?? indexes.size
    indexes.set(token, index)
    return index
  }
  for (const token of renewed) indexOf(token)
  const entries = [...places].map(([id, { subscription, token }]) => {
    const { shape, scope, position } = subscription
    return {
      id,
      shape,
      ...(scope !== null && { session_id: scope }),
      token: indexOf(token.token),
      ...position,
    }
  })
  return { tokens: [...indexes.keys()], entries }
}
