import type { Timing } from './timing.ts'

/** Once is a busy moment; twice in a row is how it is here. */
const IN_A_ROW = 2

/** What gets through between this page and the server, as far as the page has found out. */
export class LivePassage {
  readonly #timing: Timing
  #slowStarts = 0
  #refusedChanges = 0
  #onceUntilMs = 0
  #directUntilMs = 0
  #reopenUntilMs = 0

  constructor(timing: Timing) {
    this.#timing = timing
  }

  /** Whether live requests for all shapes are refused, so that each shape has to ask for itself. */
  get isClosed(): boolean {
    return performance.now() < this.#directUntilMs
  }

  /** Whether streams are held back until they end, so that each answer needs a request of its own. */
  get holdsStreams(): boolean {
    return performance.now() < this.#onceUntilMs
  }

  /** Whether a running stream can be changed; if not, every change opens a new one. */
  get takesChanges(): boolean {
    return performance.now() >= this.#reopenUntilMs
  }

  streamStarted(): void {
    this.#slowStarts = 0
  }

  /** A stream gave no first byte in time. */
  streamHeldBack(): void {
    if (++this.#slowStarts >= IN_A_ROW) this.#onceUntilMs = performance.now() + this.#timing.directMs
  }

  streamRefused(): void {
    this.#directUntilMs = performance.now() + this.#timing.directMs
  }

  changeApplied(): void {
    this.#refusedChanges = 0
  }

  /** A stream that is alive was not known where its change arrived: there are several processes. */
  changeRefused(): void {
    if (++this.#refusedChanges >= IN_A_ROW) this.#reopenUntilMs = performance.now() + this.#timing.reopenMs
  }
}
