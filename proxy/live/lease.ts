import { type RightHolder, unwatchRight, watchRight } from '../read-right.ts'
import type { ShapeClaims } from '../shape-tokens.ts'

type Watchers = Parameters<typeof watchRight>[0]

export interface LeaseHolder {
  rightEnded(): void
}

/** What one account may read of one scope on one stream, and until when: all its entries stand on it. */
export class Lease implements RightHolder {
  readonly #watchers: Watchers
  readonly #holders = new Set<LeaseHolder>()
  #claims: ShapeClaims

  constructor(watchers: Watchers, claims: ShapeClaims) {
    this.#watchers = watchers
    this.#claims = claims
  }

  get claims(): ShapeClaims {
    return this.#claims
  }

  /** A newer token of the same account and scope: everybody who holds the lease goes on with it. */
  renew(claims: ShapeClaims): void {
    if (claims.issuedAtMs <= this.#claims.issuedAtMs) return
    if (this.#holders.size > 0) unwatchRight(this.#watchers, this)
    this.#claims = claims
    if (this.#holders.size > 0) watchRight(this.#watchers, this)
  }

  hold(holder: LeaseHolder): void {
    this.#holders.add(holder)
    if (this.#holders.size === 1) watchRight(this.#watchers, this)
  }

  release(holder: LeaseHolder): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) unwatchRight(this.#watchers, this)
  }

  rightEnded(): void {
    for (const holder of [...this.#holders]) holder.rightEnded()
  }
}

/** The leases of one stream. */
export class Leases {
  readonly #watchers: Watchers
  readonly #leases = new Map<string, Lease>()

  constructor(watchers: Watchers) {
    this.#watchers = watchers
  }

  /** The lease of these claims' account and scope, renewed by them when they are newer. */
  of(claims: ShapeClaims): Lease {
    const key = `${claims.accountId} ${claims.sessionId ?? ''}`
    const known = this.#leases.get(key)
    known?.renew(claims)
    const lease = known ?? new Lease(this.#watchers, claims)
    this.#leases.set(key, lease)
    return lease
  }
}
