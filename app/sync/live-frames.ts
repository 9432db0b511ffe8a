/** One shape's answer out of the stream of all shapes; the format is described in proxy/live-frames.ts. */
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

const MAX_HEAD_BYTES = 64 * 1024
const MAX_BODY_BYTES = 256 * 1024 * 1024
const LF = 0x0a

/** Puts frames together from chunks that may be cut anywhere. */
export class LiveFrameDecoder {
  #head: Head | null = null
  #parts: Uint8Array[] = []
  #bytes = 0

  /**
   * @returns the frames that this chunk completed.
   * @throws LiveFrameError when the bytes are no frames; the decoder is of no use afterwards.
   */
  push(chunk: Uint8Array): LiveFrame[] {
    const frames: LiveFrame[] = []
    let rest = chunk
    while (rest.length > 0) rest = this.#head ? this.#readBody(rest, frames) : this.#readHead(rest, frames)
    return frames
  }

  #readHead(chunk: Uint8Array, frames: LiveFrame[]): Uint8Array {
    const end = chunk.indexOf(LF)
    this.#keep(end === -1 ? chunk : chunk.subarray(0, end))
    if (this.#bytes > MAX_HEAD_BYTES) throw new LiveFrameError('A frame has no end to its first line.')
    if (end === -1) return chunk.subarray(chunk.length)
    const line = this.#take()
    if (line.length > 0) this.#head = parseHead(line) // an empty line is a heartbeat
    this.#finish(frames)
    return chunk.subarray(end + 1)
  }

  #readBody(chunk: Uint8Array, frames: LiveFrame[]): Uint8Array {
    const missing = (this.#head?.n ?? 0) - this.#bytes
    this.#keep(chunk.subarray(0, missing))
    this.#finish(frames)
    return chunk.subarray(missing)
  }

  #finish(frames: LiveFrame[]): void {
    if (!this.#head || this.#bytes < this.#head.n) return
    const { i: id, s: status, h: headers } = this.#head
    this.#head = null
    frames.push({ id, status, headers, body: this.#take() })
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return
    this.#parts.push(part)
    this.#bytes += part.length
  }

  #take(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#bytes)
    let at = 0
    for (const part of this.#parts) {
      whole.set(part, at)
      at += part.length
    }
    this.#parts = []
    this.#bytes = 0
    return whole
  }
}

interface Head {
  i: string
  s: number
  h: Headers
  n: number
}

function parseHead(line: Uint8Array): Head {
  try {
    const { i, s, h, n } = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
    if (typeof i !== 'string' || !isWithin(s, 200, 599) || !isWithin(n, 0, MAX_BODY_BYTES))
      throw new Error('fields')
    return { i, s, h: new Headers(h), n }
  } catch (cause) {
    throw new LiveFrameError('A frame’s first line cannot be read.', { cause })
  }
}

function isWithin(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= min && Number(value) <= max
}
