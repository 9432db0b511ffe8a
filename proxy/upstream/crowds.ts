import { BoundedCache } from '../bounded-cache.ts'

const REMEMBERED_MS = 60_000
const MAX_CROWDS = 10_000

/** Which scopes have several readers at a time: only there it pays to keep a large answer for those who come next. */
export class Crowds {
  readonly #seenAt = new BoundedCache<number>(MAX_CROWDS)

  /** Two readers of this scope have met. */
  saw(scopeKey: string): void {
    this.#seenAt.set(scopeKey, performance.now())
  }

  isOne(scopeKey: string): boolean {
    const seenAt = this.#seenAt.get(scopeKey)
    return seenAt !== undefined && performance.now() - seenAt < REMEMBERED_MS
  }
}
