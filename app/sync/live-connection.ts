import { type LiveFrame, LiveFrameDecoder } from './live-frames.ts'
import type { LiveRequest } from './live-request.ts'

export type ConnectionEnd =
  /** The server has nothing more to say, in an orderly way. */
  | 'finished'
  /** No first byte in time although asked: something on the way holds streams back. */
  | 'buffered'
  /** The server refused this use of it. */
  | 'refused'
  /** Anything else: the network, a restart, silence. */
  | 'lost'

export interface LiveConnectionOptions {
  fetch: typeof fetch
  url: string
  firstByteMs: number
  silenceMs: number
  /** Whether an answer of this entry is waited for. */
  isKnown(id: string): boolean
  /** With the first byte. @param stream the name of the stream, for changing it; null when it has none. */
  onOpen(stream: string | null): void
  onFrame(frame: LiveFrame): void
  /** Not called after `close`. */
  onEnd(end: ConnectionEnd): void
}

export interface LiveConnection {
  close(): void
}

/** One streaming request; reads its frames until it ends, or is closed, or falls silent. */
export function openLiveConnection(
  request: LiveRequest & { once?: true },
  options: LiveConnectionOptions,
): LiveConnection {
  const abort = new AbortController()
  let end: ConnectionEnd = 'lost'
  let watchdog: ReturnType<typeof setTimeout>
  let closed = false

  const giveUpAfter = (ms: number, as: ConnectionEnd) => {
    clearTimeout(watchdog)
    watchdog = setTimeout(() => {
      end = as
      abort.abort()
    }, ms)
  }

  const ask = () =>
    options.fetch(options.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      credentials: 'omit',
      cache: 'no-store',
      signal: abort.signal,
    })

  const read = async () => {
    giveUpAfter(options.firstByteMs, 'buffered')
    const response = await ask()
    if (!response.ok || !response.body)
      return response.status < 500 && response.status !== 429 ? 'refused' : 'lost'
    const decoder = new LiveFrameDecoder({ isKnown: options.isKnown })
    const reader = response.body.getReader()
    for (let opened = false; ; opened = true) {
      const { done, value } = await reader.read()
      if (done) return 'finished'
      if (closed) return 'lost'
      giveUpAfter(options.silenceMs, 'lost')
      if (!opened) options.onOpen(response.headers.get('live-stream'))
      // What is given up in the middle of a chunk has its places taken over already: the rest would come twice.
      for (const frame of decoder.push(value)) if (!closed) options.onFrame(frame)
    }
  }

  void read()
    .catch(() => end) // every failure means the same here: open another one
    .then((how) => {
      clearTimeout(watchdog)
      abort.abort()
      if (!closed) options.onEnd(how)
    })

  return {
    close: () => {
      closed = true
      clearTimeout(watchdog)
      abort.abort()
    },
  }
}
