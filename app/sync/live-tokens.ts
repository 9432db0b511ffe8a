import { BackOff } from './back-off.ts'
import { ScopeEnded, type ShapeToken, type ShapeTokens, type TokenScope } from './shape-tokens.ts'
import type { Timing } from './timing.ts'

export interface LiveTokenEvents {
  /** A token has arrived, or it is time to ask again for one that did not. */
  onChange(): void
  onEnded(scope: TokenScope, status: number): void
  /** The server could not be asked. */
  onFailed(): void
}

/**
 * The tokens that the live stream's entries stand on. Each scope's is asked for by itself, so that one that is slow or
 * cannot be had holds up nobody else's rows.
 */
export class LiveTokens {
  readonly #tokens: ShapeTokens
  readonly #events: LiveTokenEvents
  readonly #backOff: BackOff
  readonly #asking = new Set<TokenScope>()
  readonly #failed = new Set<TokenScope>()
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(tokens: ShapeTokens, timing: Timing, events: LiveTokenEvents) {
    this.#tokens = tokens
    this.#events = events
    this.#backOff = new BackOff(timing)
  }

  /** A token that lasts; if there is none, it is asked for and `onChange` follows. */
  take(scope: TokenScope): ShapeToken | null {
    const token = this.#tokens.peek(scope)
    if (!token) void this.#ask(scope)
    return token
  }

  /** The server does not accept it: another one is needed. */
  reject(scope: TokenScope, { token }: ShapeToken): void {
    this.#tokens.reject(scope, token)
    this.take(scope)
  }

  /** Asks at once for what could not be had. */
  retryNow(): void {
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    this.#failed.clear()
    this.#backOff.reset()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retryTimer)
  }

  async #ask(scope: TokenScope): Promise<void> {
    if (this.#closed || this.#asking.has(scope) || this.#failed.has(scope)) return
    this.#asking.add(scope)
    try {
      await this.#tokens.get(scope)
      this.#backOff.reset()
      if (!this.#closed) this.#events.onChange()
    } catch (error) {
      if (!this.#closed) this.#notGiven(scope, error)
    } finally {
      this.#asking.delete(scope)
    }
  }

  #notGiven(scope: TokenScope, error: unknown): void {
    if (error instanceof ScopeEnded) {
      this.#events.onEnded(scope, error.status)
      return
    }
    this.#failed.add(scope)
    if (this.#retryTimer !== undefined) return // others failed just now, and wait already
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      this.#failed.clear()
      this.#events.onChange()
    }, this.#backOff.nextMs())
    this.#events.onFailed()
  }
}
