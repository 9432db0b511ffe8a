import type { Position } from './follow-shape.ts'
import type { LeanAnswer, LeanConnection } from './lean-http.ts'

/** Asks for what follows a position, and goes on from where each answer ends. */
export class LongPollClient {
  readonly #connection: LeanConnection
  #position: Position
  #cursor = ''

  constructor(connection: LeanConnection, position: Position) {
    this.#connection = connection
    this.#position = position
  }

  poll(onAnswer: (body: Buffer) => void, onFailure: (error: Error) => void): void {
    const { path, handle, offset } = this.#position
    const cursor = this.#cursor && `&cursor=${this.#cursor}`
    const answered = (answer: LeanAnswer) => {
      if (answer.status !== 200) return onFailure(unexpected(answer))
      this.#follow(answer)
      onAnswer(answer.body)
    }
    this.#connection.get(`${path}&handle=${handle}&offset=${offset}&live=true${cursor}`, answered, onFailure)
  }

  close(): void {
    this.#connection.close()
  }

  // A bare server gives no positions: the client's stays where it is.
  #follow({ header }: LeanAnswer): void {
    this.#cursor = header('electric-cursor') ?? this.#cursor
    const offset = header('electric-offset')
    if (offset) this.#position = { ...this.#position, offset }
  }
}

export function unexpected({ status, body }: LeanAnswer): Error {
  return new Error(`Answered with ${status}: ${body.toString('utf8', 0, 200)}`)
}
