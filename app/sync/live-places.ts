import type { Place } from './live-request.ts'
import type { LiveTokens } from './live-tokens.ts'
import type { Subscription } from './subscription.ts'

export type Places = [id: string, Place][]

/** How what is followed differs from what is on the stream. */
export interface Difference {
  added: Places
  drop: string[]
  /** What is on the stream with an older token than there is. */
  renewed: Place[]
}

export function isNone({ added, drop, renewed }: Difference): boolean {
  return added.length + drop.length + renewed.length === 0
}

/** What is on one stream, by the ids that its frames carry. */
export class LivePlaces {
  readonly #places = new Map<string, Place>()
  readonly #nextId: () => string

  /** @param nextId never twice the same, so that what is late on one stream is not taken for something of another. */
  constructor(nextId: () => string) {
    this.#nextId = nextId
  }

  get size(): number {
    return this.#places.size
  }

  get(id: string): Place | undefined {
    return this.#places.get(id)
  }

  remove(id: string): void {
    this.#places.delete(id)
  }

  subscriptions(): Set<Subscription> {
    return new Set([...this.#places.values()].map(({ subscription }) => subscription))
  }

  /** When the first of the tokens ends; infinite when there is none. */
  firstEndMs(): number {
    return Math.min(...[...this.#places.values()].map(({ token }) => token.expiresAtMs))
  }

  /** Leaves out what has no token yet, and has it asked for. */
  difference(followed: ReadonlySet<Subscription>, tokens: LiveTokens): Difference {
    const missing = new Set(followed)
    const difference: Difference = { added: [], drop: [], renewed: [] }
    for (const [id, { subscription, token: current }] of this.#places) {
      const isFollowed = missing.delete(subscription)
      const token = isFollowed && tokens.take(subscription.scope)
      if (!isFollowed) difference.drop.push(id)
      else if (token && token.token !== current.token) difference.renewed.push({ subscription, token })
    }
    for (const subscription of missing) {
      const token = tokens.take(subscription.scope)
      if (token) difference.added.push([this.#nextId(), { subscription, token }])
    }
    return difference
  }

  apply({ added, drop, renewed }: Difference): void {
    for (const id of drop) this.#places.delete(id)
    const tokens = new Map(renewed.map(({ subscription, token }) => [subscription, token]))
    for (const place of this.#places.values()) place.token = tokens.get(place.subscription) ?? place.token
    for (const [id, place] of added) this.#places.set(id, place)
  }
}
