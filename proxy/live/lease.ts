import type { ShapeClaims } from '../shape-tokens.ts'

/** What one account may read of one scope on one stream, and until when: all its entries stand on it. */
export class Lease {
  #claims: ShapeClaims
  readonly #watch: (claims: ShapeClaims, ended: () => void) => () => void
  readonly #holders = new Set<LeaseHolder>()
  #stopWatching: (() => void) | undefined

  /** @param watch calls back when the right of these claims ends; returns how to stop it. */
  constructor(claims: ShapeClaims, watch: (claims: ShapeClaims, ended: () => void) => () => void) {
    this.#claims = claims
    this.#watch = watch
  }

  get claims(): ShapeClaims {
    return this.#claims
  }

  /** A newer token of the same account and scope: everybody who holds the lease goes on with it. */
  renew(claims: ShapeClaims): void {
    if (claims.issuedAtMs <= this.#claims.issuedAtMs) return
    this.#claims = claims
    if (this.#holders.size > 0) this.#watchAgain()
  }

  hold(holder: LeaseHolder): void {
    this.#holders.add(holder)
    if (this.#holders.size === 1) this.#watchAgain()
  }

  release(holder: LeaseHolder): void {
    if (!this.#holders.delete(holder) || this.#holders.size > 0) return
    this.#stopWatching?.()
    this.#stopWatching = undefined
  }

  #watchAgain(): void {
    this.#stopWatching?.()
    this.#stopWatching = this.#watch(this.#claims, () => {
      for (const holder of [...this.#holders]) holder.rightEnded()
    })
  }
}

export interface LeaseHolder {
  rightEnded(): void
}

/** The leases of one stream. */
export class Leases {
  readonly #leases = new Map<string, Lease>()
  readonly #watch: ConstructorParameters<typeof Lease>[1]

  constructor(watch: ConstructorParameters<typeof Lease>[1]) {
    this.#watch = watch
  }

  /** The lease of these claims' account and scope, renewed by them when they are newer. */
  of(claims: ShapeClaims): Lease {
    const key = `${claims.accountId} ${claims.sessionId ?? ''}`
    const known = this.#leases.get(key)
    known?.renew(claims)
    const lease = known ?? new Lease(claims, this.#watch)
    this.#leases.set(key, lease)
    return lease
  }
}
