import { ServerResponse } from 'node:http'

/** Whoever holds a response back hears from here when its caller went away. */
export interface Holder {
  release(exchange: Exchange): void
}

/** What a request that is under way occupies. */
export interface Place {
  leave(): void
}

/**
 * A response, and what must be known to give it later. A waiting client is this one object, which Node makes
 * anyway: no promise, closure or timer, and no parsed request beside it.
 */
export class Exchange extends ServerResponse {
  holder: Holder | null = null
  place: Place | null = null
  /** For `access-control-allow-origin`. */
  origin = '*'
  acceptsGzip = false

  /** Takes from the request what the answer will need. */
  readHeaders(): void {
    const { origin, 'accept-encoding': encoding } = this.req.headers
    if (origin !== undefined) this.origin = shared(origin)
    this.acceptsGzip = encoding !== undefined && GZIP.test(String(encoding))
  }

  /** The caller went away. Of the socket this is known before the response hears of it. */
  get isGone(): boolean {
    return this.destroyed || this.socket === null || this.socket.destroyed
  }

  /** Drops what is known of the request, for as long as its answer is to come. */
  forgetHeaders(): void {
    this.req.headers = NO_HEADERS
    this.req.rawHeaders = NO_RAW_HEADERS
  }

  /** Nobody waits with this one any longer. To be called again does no harm. */
  letGo(): void {
    const { holder, place } = this
    this.holder = null
    this.place = null
    holder?.release(this)
    place?.leave()
  }
}

// Shared by thousands, written to by nobody.
const NO_HEADERS = Object.freeze({})
const NO_RAW_HEADERS: string[] = []

const GZIP = /(?:^|[,\s])(?:gzip\b|\*)(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i

let lastOrigin = '*'

// Mostly one origin asks: its many copies need not be kept.
function shared(origin: string): string {
  if (origin !== lastOrigin) lastOrigin = origin
  return lastOrigin
}
