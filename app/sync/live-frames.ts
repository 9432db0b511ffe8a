/** One shape's whole answer out of the stream of all shapes; the format is described in proxy/live/FORMAT.md. */
export interface LiveFrame {
  id: string
  status: number
  headers: Headers
  body: Uint8Array<ArrayBuffer>
}

/** The stream is not what it should be: leave it and open another. */
export class LiveFrameError extends Error {
  override name = 'LiveFrameError'
}

export interface LiveFrameLimits {
  /** Whether anybody waits for this entry's answers: what comes for others is passed over, not kept. */
  isKnown: (id: string) => boolean
  headBytes: number
  answerBytes: number
}

const LIMITS: LiveFrameLimits = {
  isKnown: () => true,
  headBytes: 64 * 1024,
  answerBytes: 256 * 1024 * 1024,
}
const LF = 0x0a

/** Puts answers together from frames, and frames from chunks that may be cut anywhere. */
export class LiveFrameDecoder {
  readonly #limits: LiveFrameLimits
  readonly #line = new Bytes()
  /** Answers that are not whole yet, by entry: those of several entries may alternate. */
  readonly #begun = new Map<string, Answer>()
  #frame: Frame | null = null

  constructor(limits: Partial<LiveFrameLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits }
  }

  /** What is kept of lines and answers that are not whole. */
  get heldBytes(): number {
    return [...this.#begun.values()].reduce((sum, { body }) => sum + body.length, this.#line.length)
  }

  /**
   * @returns the answers that this chunk completed.
   * @throws LiveFrameError when the bytes are no frames; the decoder is of no use afterwards.
   */
  push(chunk: Uint8Array): LiveFrame[] {
    const whole: LiveFrame[] = []
    let rest = chunk
    while (rest.length > 0) {
      rest = this.#frame ? this.#readBytes(rest, this.#frame) : this.#readHead(rest)
      if (this.#frame?.missing === 0) this.#finish(this.#frame, whole)
    }
    return whole
  }

  #readHead(chunk: Uint8Array): Uint8Array {
    const end = chunk.indexOf(LF)
    this.#line.add(end === -1 ? chunk : chunk.subarray(0, end))
    if (this.#line.length > this.#limits.headBytes)
      throw new LiveFrameError('A frame has no end to its first line.')
    if (end === -1) return chunk.subarray(chunk.length)
    const line = this.#line.take()
    if (line.length > 0) this.#frame = this.#begin(parseHead(line)) // an empty line is a heartbeat
    return chunk.subarray(end + 1)
  }

  #begin({ id, start, bytes, more }: Head): Frame {
    const frame = { id, more, missing: bytes }
    if (!this.#limits.isKnown(id)) return { ...frame, answer: null }
    if (start) {
      this.#forgetUnknown()
      this.#begun.set(id, { ...start, body: new Bytes() })
    }
    const answer = this.#begun.get(id)
    if (!answer) throw new LiveFrameError('A frame goes on with an answer that was not begun.')
    if (answer.body.length + bytes > this.#limits.answerBytes)
      throw new LiveFrameError('An answer is larger than any can be.')
    return { ...frame, answer }
  }

  #readBytes(chunk: Uint8Array, frame: Frame): Uint8Array {
    const bytes = chunk.subarray(0, frame.missing)
    frame.answer?.body.add(bytes)
    frame.missing -= bytes.length
    return chunk.subarray(bytes.length)
  }

  #finish({ id, answer, more }: Frame, whole: LiveFrame[]): void {
    this.#frame = null
    if (more || !answer) return
    this.#begun.delete(id)
    whole.push({ id, status: answer.status, headers: answer.headers, body: answer.body.take() })
  }

  // So that no more answers are held than there are entries.
  #forgetUnknown(): void {
    for (const id of this.#begun.keys()) if (!this.#limits.isKnown(id)) this.#begun.delete(id)
  }
}

interface AnswerStart {
  status: number
  headers: Headers
}

interface Answer extends AnswerStart {
  body: Bytes
}

interface Frame {
  id: string
  /** Null when nobody waits for it. */
  answer: Answer | null
  missing: number
  more: boolean
}

/** Bytes that arrive in parts, made into one piece only once. */
class Bytes {
  #parts: Uint8Array[] = []
  length = 0

  add(part: Uint8Array): void {
    if (part.length === 0) return
    this.#parts.push(part)
    this.length += part.length
  }

  take(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.length)
    let at = 0
    for (const part of this.#parts) {
      whole.set(part, at)
      at += part.length
    }
    this.#parts = []
    this.length = 0
    return whole
  }
}

interface Head {
  id: string
  /** Null when the frame goes on with an answer. */
  start: AnswerStart | null
  bytes: number
  more: boolean
}

function parseHead(line: Uint8Array): Head {
  try {
    const { i, s, h, n, more } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
    if (typeof i !== 'string' || !isWithin(n, 0, Number.MAX_SAFE_INTEGER)) throw new Error('fields')
    if (more !== undefined && more !== 1) throw new Error('more')
    return { id: i, start: parseStart(s, h), bytes: n, more: more === 1 }
  } catch (cause) {
    throw new LiveFrameError('A frame’s first line cannot be read.', { cause })
  }
}

function parseStart(status: unknown, headers: unknown): AnswerStart | null {
  if (status === undefined && headers === undefined) return null
  if (!isWithin(status, 200, 599) || !isTextRecord(headers)) throw new Error('status and headers')
  return { status, headers: new Headers(headers) }
}

function isTextRecord(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((each) => typeof each === 'string')
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
}
