import { type RightHolder, unwatchRight, watchRight } from '../read-right.ts'
import type { ShapeClaims } from '../shape-tokens.ts'

type Watchers = Parameters<typeof watchRight>[0]

/** What one account may read of one scope on one stream, and until when: several entries stand on it. */
export class Lease implements RightHolder {
  readonly #watchers: Watchers
  readonly #ended: (lease: Lease) => void
  #claims: ShapeClaims
  #holders = 0

  /** @param ended the right has ended, and with it everything that stands on it. */
  constructor(watchers: Watchers, claims: ShapeClaims, ended: (lease: Lease) => void) {
    this.#watchers = watchers
    this.#claims = claims
    this.#ended = ended
  }

  get claims(): ShapeClaims {
    return this.#claims
  }

  get isHeld(): boolean {
    return this.#holders > 0
  }

  isOf({ accountId, sessionId }: ShapeClaims): boolean {
    return this.#claims.accountId === accountId && this.#claims.sessionId === sessionId
  }

  /** A newer token of the same account and scope: everything that stands on the lease goes on with it. */
  renew(claims: ShapeClaims): void {
    if (claims.issuedAtMs <= this.#claims.issuedAtMs) return
    if (this.isHeld) unwatchRight(this.#watchers, this)
    this.#claims = claims
    if (this.isHeld) watchRight(this.#watchers, this)
  }

  hold(): void {
    if (this.#holders++ === 0) watchRight(this.#watchers, this)
  }

  release(): void {
    if (--this.#holders === 0) unwatchRight(this.#watchers, this)
  }

  rightEnded(): void {
    this.#ended(this)
  }
}
