import { setTimeout as delay } from 'node:timers/promises'
import { AppError, errorBody, STATUS } from '#server/errors.ts'
import type { LiveFrame } from './live-frames.ts'
import type { LiveEntry } from './live-request.ts'
import type { ProxyContext, ProxyState } from './process-state.ts'
import { leaseOf, type ReadRight, readRight } from './read-right.ts'
import { askUpstream, Unavailable, type UpstreamAnswer, upstreamUrl } from './upstream.ts'

/** Where the page's shapes meet: one answer at a time is in memory, and none while the reader does not read. */
export interface LiveOutput {
  /** Makes the frame and sends it when it is this entry's turn and the reader has room. */
  send(makeFrame: () => Promise<LiveFrame>): Promise<void>
}

const QUICK_RETRIES_MS = [100, 250, 600]

/**
 * Follows one shape until its right to be read ends, Electric rotates or refuses it, or the caller goes:
 * one upstream long-poll after another, with no round trip to the browser between them.
 */
export async function followShape(
  ctx: ProxyContext,
  state: ProxyState,
  entry: LiveEntry,
  output: LiveOutput,
  caller: AbortSignal,
): Promise<void> {
  try {
    await follow(ctx, state, entry, output, caller)
  } catch (error) {
    if (caller.aborted) return
    await output.send(async () => refusal(ctx, entry, error))
  }
}

async function follow(
  ctx: ProxyContext,
  state: ProxyState,
  { id, shape: shapeName, session_id, token, ...position }: LiveEntry,
  output: LiveOutput,
  caller: AbortSignal,
): Promise<void> {
  const right = await readRight(state, { token, shapeName, sessionId: session_id ?? null })
  const lease = leaseOf(state, right, caller)
  try {
    for (let from: Position | null = position; from; ) {
      const answer = await askPatiently(ctx, right, from, lease.signal)
      const to = positionAfter(answer)
      await output.send(async () => {
        const body = await readBody(answer)
        // After the body was read: nothing may be sent once the right has ended, however long the turn took.
        lease.signal.throwIfAborted()
        if (right.claims.sessionId) state.trust.assertCurrent()
        return { id, status: answer.status, headers: answer.headers, body }
      })
      // An answer that moves nothing at all would otherwise be asked for again without a pause.
      const stands = to?.offset === from.offset && to.cursor === from.cursor
      if (stands) await delay(1000, undefined, { signal: lease.signal })
      from = to
    }
  } catch (error) {
    lease.signal.throwIfAborted() // its reason says why; the error is only what that looked like from here
    throw error
  } finally {
    lease.release()
  }
}

type Position = Pick<LiveEntry, 'handle' | 'offset' | 'cursor'>

/** Null after the last answer there is. */
function positionAfter({ status, headers }: UpstreamAnswer): Position | null {
  if (status !== 200) return null
  const handle = headers.get('electric-handle')
  const offset = headers.get('electric-offset')
  const cursor = headers.get('electric-cursor')
  // Sent on, such an answer would stop the client for good.
  if (!handle || !offset || !cursor) throw new Unavailable('an answer without a position', '1')
  return { handle, offset, cursor }
}

async function readBody({ body }: UpstreamAnswer): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await new Response(body).arrayBuffer())
  } catch (cause) {
    throw new Unavailable(cause, '1') // Electric went away in the middle of it
  }
}

// A restarting Electric is back within a second or so: asking again from here spares every browser its back-off.
async function askPatiently(
  ctx: ProxyContext,
  { shape, scopeId }: ReadRight,
  { handle, offset, cursor }: Position,
  signal: AbortSignal,
): Promise<UpstreamAnswer> {
  const params = { live: 'true', log: 'full', handle, offset, ...(cursor && { cursor }) }
  const url = upstreamUrl(ctx.env, shape, scopeId, Object.entries(params))
  for (const retryMs of QUICK_RETRIES_MS) {
    try {
      return await askUpstream(ctx, url, signal)
    } catch (error) {
      if (!(error instanceof Unavailable) || error.retryAfter !== '1') throw error
      await delay(retryMs * (0.5 + Math.random()), undefined, { signal })
    }
  }
  return askUpstream(ctx, url, signal)
}

function refusal(ctx: ProxyContext, { id, shape }: LiveEntry, error: unknown): LiveFrame {
  const known = error instanceof AppError ? error : new Unavailable(error, '5')
  if (known === error) ctx.log.info({ shape, code: known.code, reason: known.message }, 'live entry refused')
  else ctx.log.error({ shape, err: error }, 'live entry failed')
  const headers = new Headers({ 'content-type': 'application/json' })
  if (known instanceof Unavailable) headers.set('retry-after', known.retryAfter)
  const body = new TextEncoder().encode(JSON.stringify(errorBody(known)))
  return { id, status: STATUS[known.code], headers, body }
}
