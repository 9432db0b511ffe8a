import type { LiveRequest } from './live-request.ts'

/** What is asked of a stream that runs. */
export interface LiveChange extends LiveRequest {
  drop: string[]
}

export type ChangeResult =
  | 'applied'
  /** There was an answer, and it was no: another process carries the stream, or something on the way says so. */
  | 'refused'
  /** No answer: whether it was applied is not known. */
  | 'lost'

export interface ChangeOptions {
  fetch: typeof fetch
  url: string
  timeoutMs: number
  signal: AbortSignal
}

/** Asks a running stream for a change. Never throws: whatever went wrong, a new stream is the answer to it. */
export async function sendLiveChange(change: LiveChange, options: ChangeOptions): Promise<ChangeResult> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), options.timeoutMs)
  try {
    const { status } = await options.fetch(options.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(change),
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.any([late.signal, options.signal]),
    })
    if (status === 204) return 'applied'
    return status < 500 && status !== 429 ? 'refused' : 'lost'
  } catch {
    return 'lost'
  } finally {
    clearTimeout(timer)
    late.abort() // nobody reads the body of a refusal
  }
}
