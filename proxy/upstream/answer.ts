import { type AppError, must } from '#server/errors.ts'
import type { AnswerHead, AnswerSink } from './electric-client.ts'

/** Takes an answer at its own pace. */
export interface AnswerReader {
  /** There is something new: the beginning, bytes, the end, or an error. */
  advance(): void
  /** Too slow for what it makes everybody hold: it must go away, and may ask again. */
  cutOff(): void
}

/** What the answer needs of whoever asked for it. */
export interface AnswerSource {
  /** All readers have all there is. */
  resume(): void
  /** Nobody reads it any more. */
  abandon(): void
  begun(head: AnswerHead): void
  /** Bytes that are held, as the change of it. */
  hold(bytes: number): void
  /** It is whole, or has failed. */
  over(): void
}

/**
 * One answer of Electric and everybody who reads it. There is one copy of its bytes, from the first that its slowest
 * reader has not taken; all of them, as long as somebody may still join.
 */
export class Answer implements AnswerSink {
  readonly #source: AnswerSource
  /** For each reader, how many chunks it has taken. */
  readonly #taken = new Map<AnswerReader, number>()
  #chunks: Buffer[] = []
  /** Chunks that are held no more. */
  #dropped = 0
  #received = 0
  #heldBytes = 0
  #isOpen = true
  #head: AnswerHead | null = null
  #error: AppError | null = null
  #isEnded = false
  #isPaused = false

  constructor(source: AnswerSource) {
    this.#source = source
  }

  get beginning(): AnswerHead | null {
    return this.#head
  }

  get error(): AppError | null {
    return this.#error
  }

  /** All of it has arrived. */
  get isWhole(): boolean {
    return this.#isEnded || (this.#head !== null && this.#received === this.#head.bytes)
  }

  get readers(): number {
    return this.#taken.size
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Whether who comes now still gets all of it. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Does not call `advance`: the reader begins when it is ready. */
  join(reader: AnswerReader): void {
    this.#taken.set(reader, 0)
  }

  leave(reader: AnswerReader): void {
    if (!this.#taken.delete(reader)) return
    if (!this.#isOpen) this.#trim()
    if (this.#taken.size > 0) this.#resumeIfTaken()
    else if (!this.isWhole && !this.#error) {
      this.#discard()
      this.#source.abandon()
    }
  }

  /** The reader's next bytes; null when it has all that there is so far. */
  take(reader: AnswerReader): Buffer | null {
    const taken = must(this.#taken.get(reader), 'it joined')
    const chunk = this.#chunks[taken - this.#dropped]
    if (!chunk) return null
    this.#taken.set(reader, taken + 1)
    if (!this.#isOpen) this.#trim()
    this.#resumeIfTaken()
    return chunk
  }

  /** Whether nothing is left for this reader, now or later. */
  isDone(reader: AnswerReader): boolean {
    return this.isWhole && this.#taken.get(reader) === this.#dropped + this.#chunks.length
  }

  /** Nobody may join any more: only what some reader has not taken is held. */
  close(): void {
    this.#isOpen = false
    this.#trim()
  }

  /** Cuts off those who are furthest behind; says whether that has freed anything. */
  cutOffSlowest(): boolean {
    const before = this.#heldBytes
    const least = this.#leastTaken()
    for (const [reader, taken] of [...this.#taken]) {
      if (taken > least) continue
      this.leave(reader)
      reader.cutOff()
    }
    return this.#heldBytes < before
  }

  head(head: AnswerHead): void {
    this.#head = head
    this.#source.begun(head)
    this.#tellAll()
  }

  data(chunk: Buffer): boolean {
    this.#chunks.push(chunk)
    this.#received += chunk.length
    this.#hold(chunk.length)
    this.#tellAll()
    // Held up with nothing left to come, it would never end: whoever had all of it may have left already.
    this.#isPaused = !this.isWhole && !this.#isTaken()
    return !this.#isPaused
  }

  end(): void {
    this.#isEnded = true
    this.#source.over()
    this.#tellAll()
  }

  fail(error: AppError): void {
    this.#error = error
    this.#discard()
    this.#source.over()
    this.#tellAll()
  }

  #tellAll(): void {
    for (const reader of [...this.#taken.keys()]) reader.advance()
  }

  /** Whether somebody has taken all that there is: who reads faster is not held back by who reads slower. */
  #isTaken(): boolean {
    const all = this.#dropped + this.#chunks.length
    for (const taken of this.#taken.values()) if (taken === all) return true
    return false
  }

  #resumeIfTaken(): void {
    if (!this.#isPaused || !this.#isTaken()) return
    this.#isPaused = false
    this.#source.resume()
  }

  #discard(): void {
    this.#isOpen = false
    this.#hold(-this.#heldBytes)
    this.#chunks = []
  }

  #leastTaken(): number {
    let least = this.#dropped + this.#chunks.length
    for (const taken of this.#taken.values()) least = Math.min(least, taken)
    return least
  }

  #trim(): void {
    if (this.#chunks.length === 0) return // mostly, when thousands leave one after the other
    const least = this.#leastTaken()
    const gone = this.#chunks.splice(0, least - this.#dropped)
    this.#dropped = least
    this.#hold(-gone.reduce((bytes, chunk) => bytes + chunk.length, 0))
  }

  #hold(bytes: number): void {
    if (bytes === 0) return
    this.#heldBytes += bytes
    this.#source.hold(bytes)
  }
}
