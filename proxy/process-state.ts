import type { AppContext } from '#server/context.ts'
import { AppError } from '#server/errors.ts'
import { createTokenVerifier, type TokenVerifier } from './shape-tokens.ts'
import { loadSigningKey, type SigningKey } from './signing-key.ts'
import { openTrust, type Trust } from './trust.ts'

export type ProxyContext = Pick<AppContext, 'env' | 'db' | 'log'>

/** What one app process keeps for the proxy: its key, what it knows of others', and tokens it has verified. */
export interface ProxyState {
  key: SigningKey
  trust: Trust
  tokens: TokenVerifier
}

const states = new WeakMap<ProxyContext, Promise<ProxyState>>()

export function proxyState(ctx: ProxyContext): Promise<ProxyState> {
  const known = states.get(ctx)
  if (known) return known
  const opening = open(ctx)
  states.set(ctx, opening)
  // A database that was not there yet is asked again by the next request.
  opening.catch(() => states.delete(ctx))
  return opening
}

/** Stops the process's background work; call before its database connection is closed. */
export async function closeProxy(ctx: ProxyContext): Promise<void> {
  const state = await states.get(ctx)?.catch(() => undefined)
  states.delete(ctx)
  await state?.trust.close()
}

async function open(ctx: ProxyContext): Promise<ProxyState> {
  const key = await loadSigningKey(ctx.env.SHAPE_TOKEN_KEY)
  const trust = await openTrust(ctx, key).catch((cause) => {
    throw new AppError('unavailable', 'The database cannot be reached at the moment. Try again.', { cause })
  })
  return { key, trust, tokens: createTokenVerifier(trust) }
}
