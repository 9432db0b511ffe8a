import { createHash, timingSafeEqual } from 'node:crypto'
import type { QueryMap } from './query-params.ts'

/** The instance's secret, which every caller gives in the query string. */
export class Authorisation {
  readonly #digest: Buffer | null
  // A query is parsed once for all who ask the same: what it said of the secret holds for all of them.
  readonly #admitted = new WeakSet<QueryMap>()

  /** @param secret null lets everybody in. */
  constructor(secret: string | null) {
    this.#digest = secret === null ? null : digest(secret)
  }

  admits(query: QueryMap): boolean {
    if (this.#digest === null || this.#admitted.has(query)) return true
    const given = query.get('secret') ?? query.get('api_secret')
    // Digests are of one length whatever was given: the time taken tells nothing of the secret.
    if (typeof given !== 'string' || !timingSafeEqual(digest(given), this.#digest)) return false
    this.#admitted.add(query)
    return true
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
