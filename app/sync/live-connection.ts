import { type LiveFrame, LiveFrameDecoder } from './live-frames.ts'

export interface LiveEntry {
  id: string
  shape: string
  session_id?: string
  token: string
  handle: string
  offset: string
  cursor?: string
}

export type ConnectionEnd =
  /** The server has nothing more to say: each entry got its last frame. */
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
  onOpen(): void
  onFrame(frame: LiveFrame): void
  /** Not called after `close`. */
  onEnd(end: ConnectionEnd): void
}

export interface LiveConnection {
  close(): void
}

/** One streaming request for all entries; reads frames until it ends, or is closed, or falls silent. */
export function openLiveConnection(entries: LiveEntry[], options: LiveConnectionOptions): LiveConnection {
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

  const read = async () => {
    giveUpAfter(options.firstByteMs, 'buffered')
    const response = await options.fetch(options.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ entries }),
      credentials: 'omit',
      cache: 'no-store',
      signal: abort.signal,
    })
    if (!response.ok || !response.body)
      return response.status < 500 && response.status !== 429 ? 'refused' : 'lost'
    const decoder = new LiveFrameDecoder()
    const reader = response.body.getReader()
    for (let opened = false; ; opened = true) {
      const { done, value } = await reader.read()
      if (done) return 'finished'
      if (closed) return 'lost'
      giveUpAfter(options.silenceMs, 'lost')
      if (!opened) options.onOpen()
      for (const frame of decoder.push(value)) options.onFrame(frame)
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
