import type { AppContext } from '#server/context.ts'
import { AppError } from '#server/errors.ts'
import { Deadlines } from './deadlines.ts'
import { createLiveSource, type LiveSource } from './live/live-source.ts'
import { WIRE_TIMING, type WireTiming } from './live/wire.ts'
import { Wires } from './live/wires.ts'
import { type ProxyCounts, watchProxy } from './metrics.ts'
import { createTokenVerifier, type TokenVerifier } from './shape-tokens.ts'
import { loadSigningKey, type SigningKey } from './signing-key.ts'
import { openTrust, type Trust } from './trust.ts'
import { Answers, type AnswersOptions } from './upstream/answers.ts'
import { createElectricClient } from './upstream/electric-client.ts'

export type ProxyContext = Pick<AppContext, 'env' | 'db' | 'log' | 'metrics'>

/** Tests shorten and shrink some of it. */
export interface ProxyOptions extends AnswersOptions {
  timing?: Partial<WireTiming>
}

/** What one app process keeps for the proxy: nothing of it is a person's, and any other process can do without it. */
export interface ProxyState {
  key: SigningKey
  trust: Trust
  tokens: TokenVerifier
  deadlines: Deadlines
  answers: Answers
  wires: Wires
  timing: WireTiming
  counts: ProxyCounts
  live: LiveSource
  close(): Promise<void>
}

// In production the same modules are there twice, in the app's bundle and outside of it: their state must not be.
const store = globalThis as typeof globalThis & {
  throughlineProxies?: WeakMap<ProxyContext, Promise<ProxyState>>
}

function states(): WeakMap<ProxyContext, Promise<ProxyState>> {
  store.throughlineProxies ??= new WeakMap()
  return store.throughlineProxies
}

/** @param options of the first call count. */
export function proxyState(ctx: ProxyContext, options: ProxyOptions = {}): Promise<ProxyState> {
  const known = states().get(ctx)
  if (known) return known
  const opening = open(ctx, options)
  states().set(ctx, opening)
  // A database that was not there yet is asked again by the next request.
  opening.catch(() => states().delete(ctx))
  return opening
}

/** Ends all streams and the process's background work; call before its database connection is closed. */
export async function closeProxy(ctx: ProxyContext): Promise<void> {
  const state = await states()
    .get(ctx)
    ?.catch(() => undefined)
  states().delete(ctx)
  await state?.close()
}

async function open(ctx: ProxyContext, options: ProxyOptions): Promise<ProxyState> {
  const key = await loadSigningKey(ctx.env.SHAPE_TOKEN_KEY)
  const trust = await openTrust(ctx, key).catch((cause) => {
    throw new AppError('unavailable', 'The database cannot be reached at the moment. Try again.', { cause })
  })
  const client = createElectricClient(ctx.env, ctx.log)
  const deadlines = new Deadlines()
  const [answers, wires, tokens] = [new Answers(client, options), new Wires(), createTokenVerifier(trust)]
  const counts = watchProxy(ctx.metrics, { answers, wires, tokens })
  return {
    key,
    trust,
    tokens,
    deadlines,
    answers,
    wires,
    counts,
    live: createLiveSource(ctx, { answers, trust, counts }),
    timing: { ...WIRE_TIMING, ...options.timing },
    close: async () => {
      wires.close()
      deadlines.close()
      client.close()
      await trust.close()
    },
  }
}
