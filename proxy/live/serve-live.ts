import { AppError } from '#server/errors.ts'
import type { Call } from '../call.ts'
import type { ProxyState } from '../process-state.ts'
import { readRight } from '../read-right.ts'
import type { ShapeClaims } from '../shape-tokens.ts'
import { type LiveEntry, type LiveRequest, MAX_ENTRIES, parseLiveRequest } from './live-request.ts'
import { readRequestText } from './request-text.ts'
import { ShapeFollower, sendRefusal } from './shape-follower.ts'
import { Wire } from './wire.ts'

/**
 * `POST /api/live` opens a stream that carries what happens in all the shapes that a page follows, each with its own
 * token; `POST /api/live/<stream>` adds to it and removes from it (format: FORMAT.md).
 * @throws AppError method_not_allowed, too_large, invalid, not_found; then nothing was written.
 */
export async function serveLive(state: ProxyState, call: Call, name: string | null): Promise<void> {
  const { method } = call.request
  if (method !== 'POST') throw new AppError('method_not_allowed', `${method} is not allowed here; use POST.`)
  const text = await readRequestText(call.request)
  if (name === null) await open(state, call, parseLiveRequest(text, 'open'))
  else await change(state, call, name, parseLiveRequest(text, 'change'))
}

async function open(state: ProxyState, call: Call, request: LiveRequest): Promise<void> {
  const verified = await verifyAll(state, request.tokens)
  if (call.isGone) return // gone while the tokens were looked at
  const wire = new Wire(call, state, request.once)
  const name = state.wires.add(wire)
  call.writeHead(200, {
    'content-type': 'application/octet-stream',
    'cache-control': 'private, no-store, no-transform',
    'x-accel-buffering': 'no',
    'live-stream': name,
  })
  wire.greet()
  setImmediate(() => call.forgetHeaders()) // when the head is sent
  addAll(state, wire, request.entries, verified)
}

async function change(state: ProxyState, call: Call, name: string, request: LiveRequest): Promise<void> {
  const verified = await verifyAll(state, request.tokens)
  const wire = state.wires.get(name)
  if (!wire) throw new AppError('not_found', 'This process does not carry that stream. Open a new one.')
  addAll(state, wire, request.entries, verified)
  wire.drop(request.drop)
  call.writeHead(204, {})
  call.response.end()
}

type Verified = PromiseSettledResult<ShapeClaims>

/** One after the other: many that are junk must not keep everybody else waiting. */
async function verifyAll({ tokens }: ProxyState, given: readonly string[]): Promise<Verified[]> {
  const verified: Verified[] = []
  for (const token of given) verified.push(...(await Promise.allSettled([tokens.verify(token)])))
  return verified
}

/** Each entry stands or falls by its own token. */
function addAll(
  state: ProxyState,
  wire: Wire,
  asked: readonly LiveEntry[],
  verified: readonly Verified[],
): void {
  if (wire.size + asked.length > MAX_ENTRIES) {
    throw new AppError('too_large', `A stream carries at most ${MAX_ENTRIES} entries.`)
  }
  for (const each of verified) if (each.status === 'fulfilled') wire.renew(each.value)
  const source = state.live
  const followers: ShapeFollower[] = []
  for (const { id, shape: shapeName, session_id, token, ...position } of asked) {
    try {
      const claims = claimsOf(verified[token])
      const { shape, scopeId } = readRight(state.trust, claims, { shapeName, sessionId: session_id ?? null })
      followers.push(
        new ShapeFollower({ id, shape, scopeId, wire, source, lease: wire.lease(claims, state) }, position),
      )
    } catch (error) {
      const known = source.known(error)
      source.refused(shapeName, known)
      sendRefusal(wire, id, known)
    }
  }
  wire.add(followers)
}

function claimsOf(verified: Verified | undefined): ShapeClaims {
  if (verified?.status === 'fulfilled') return verified.value
  throw verified?.reason
}
