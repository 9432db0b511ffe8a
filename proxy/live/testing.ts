import { type LiveFrame, LiveFrameDecoder } from '#app/sync/live-frames.ts'
import { must } from '#server/errors.ts'
import { signShapeToken, TOKEN_LIFETIME_MS } from '../shape-tokens.ts'
import { loadSigningKey } from '../signing-key.ts'
import type { TestApp } from '../testing.ts'

// What a page does with the live stream, request by request and frame by frame.

export interface Entry {
  id: string
  shape: string
  session_id?: string
  token: string
  handle: string
  offset: string
}

/** @param endsInMs how long it is still good. */
export async function signToken(
  { key }: Pick<TestApp, 'key'>,
  accountId: string,
  sessionId?: string,
  endsInMs = TOKEN_LIFETIME_MS,
): Promise<string> {
  const issuedAtMs = Date.now() + endsInMs - TOKEN_LIFETIME_MS
  return signShapeToken(await loadSigningKey(key), { accountId, sessionId: sessionId ?? null, issuedAtMs })
}

/** An entry that stands at the end of its shape's log. */
export async function entryAtEnd(
  app: TestApp,
  id: string,
  shape: string,
  accountId: string,
  sessionId?: string,
  endsInMs?: number,
): Promise<Entry> {
  const fresh = await signToken(app, accountId, sessionId)
  const scope = sessionId ? `session_id=${sessionId}&` : ''
  let position = 'offset=-1'
  for (;;) {
    const url = `http://localhost/api/shapes/${shape}?${scope}${position}`
    const answer = await app.answer(new Request(url, { headers: { authorization: `Bearer ${fresh}` } }))
    await answer.body?.cancel()
    const handle = answer.headers.get('electric-handle') ?? ''
    const offset = answer.headers.get('electric-offset') ?? ''
    position = `handle=${handle}&offset=${offset}`
    if (!answer.headers.has('electric-up-to-date')) continue
    const token = await signToken(app, accountId, sessionId, endsInMs)
    return { id, shape, ...(sessionId && { session_id: sessionId }), token, handle, offset }
  }
}

/** As a request has them: tokens apart from the entries that stand on them. */
function parted(entries: readonly Entry[]) {
  const tokens = [...new Set(entries.map(({ token }) => token))]
  return { tokens, entries: entries.map((each) => ({ ...each, token: tokens.indexOf(each.token) })) }
}

function post(app: TestApp, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  // Not as a Request of a Request: what its signal follows may be collected before it is aborted.
  return fetch(`${app.url}${path}`, { method: 'POST', body: JSON.stringify(body), ...(signal && { signal }) })
}

export async function openStream(app: TestApp, entries: Entry[], more: object = {}) {
  const caller = new AbortController()
  const response = await post(app, '/api/live', { ...parted(entries), ...more }, caller.signal)
  const path = `/api/live/${response.headers.get('live-stream')}`
  const reader = must(response.body, 'an answer has a body').getReader()
  const decoder = new LiveFrameDecoder()
  const frames: LiveFrame[] = []
  let first: Uint8Array | undefined
  const change = async (body: object, through: TestApp) => {
    const answer = await post(through, path, { tokens: [], entries: [], drop: [], ...body })
    await answer.body?.cancel()
    return answer.status
  }
  return {
    response,
    close: () => caller.abort(),
    firstBytes: () => first,
    /** Undefined at the end of the stream. */
    next: async (): Promise<LiveFrame | undefined> => {
      for (;;) {
        const frame = frames.shift()
        if (frame) return frame
        const { done, value } = await reader.read()
        if (done) return undefined
        first ??= value
        frames.push(...decoder.push(value))
      }
    },
    // Each gives the status.
    add: (added: Entry[], through = app) => change(parted(added), through),
    drop: (ids: string[]) => change({ drop: ids }, app),
    renew: (tokens: string[]) => change({ tokens }, app),
  }
}

export const textOf = (frame: LiveFrame | undefined): string => new TextDecoder().decode(frame?.body)
