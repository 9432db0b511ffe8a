import type { CryptoKey } from 'jose'
import { loadTokenTrust, registerSigningKey } from '#server/auth/token-trust.ts'
import type { AppContext } from '#server/context.ts'
import { AppError } from '#server/errors.ts'
import { type AccessEndings, createAccessEndings } from './access-endings.ts'
import { importPublicKey, type SigningKey } from './signing-key.ts'

/** Longer than any token lives: older endings can refuse nothing any more. */
const CUTOFF_MEMORY_MS = 10 * 60_000
const REFRESH_EVERY_MS = 2000
/** Without a successful look for this long, a removal may have been missed: sessions are not served until it works again. */
const CURRENT_FOR_MS = 10_000
const UNKNOWN_KEY_LOOKUP_EVERY_MS = 30_000

/** What this process knows about keys and ended accesses, kept current by notifications and by looking every two seconds. */
export interface Trust {
  endings: AccessEndings
  knowsKey(kid: string): boolean
  /** Looks an unknown key up in Postgres, at most once in 30 s whoever asks. */
  key(kid: string): Promise<CryptoKey | undefined>
  /** @throws AppError unavailable while a removal could go unnoticed. */
  assertCurrent(): void
  close(): Promise<void>
}

export async function openTrust(
  { db, log }: Pick<AppContext, 'db' | 'log'>,
  own: SigningKey,
): Promise<Trust> {
  const endings = createAccessEndings()
  let keys = new Map<string, CryptoKey>()
  let currentSince = Number.NEGATIVE_INFINITY
  let unknownLookedUpAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const load = async () => {
    const startedAt = performance.now()
    const mark = endings.mark()
    const trust = await loadTokenTrust(db, CUTOFF_MEMORY_MS)
    keys = await importKeys(trust.keys, keys)
    endings.learn(trust.cutoffs, mark)
    endings.forgetBefore(Date.now() - 2 * CUTOFF_MEMORY_MS)
    currentSince = startedAt
    if (!trust.keys.some(({ kid, is_ageing }) => kid === own.kid && !is_ageing)) await registerAgain()
  }
  const registerAgain = () =>
    registerSigningKey(db, own).catch((err) => {
      if (!closed) log.warn({ err }, 'cannot register the signing key again; tried again by itself')
    })
  const refresh = () => {
    running ??= load().finally(() => {
      running = undefined
    })
    return running
  }
  const refreshOrWarn = () =>
    refresh().catch((err) => {
      if (!closed) log.warn({ err }, 'cannot look up who lost access; sessions are not served meanwhile')
    })
  const keepCurrent = () => {
    timer = setTimeout(async () => {
      await refreshOrWarn()
      if (!closed) keepCurrent()
    }, REFRESH_EVERY_MS).unref()
  }

  await registerSigningKey(db, own)
  const unlisten = await db.listen('access_ended', (payload) => {
    if (payload !== null) endings.announce(payload)
    // After a reconnection too: what was announced meanwhile is only in the table. A look that has begun may miss it.
    void Promise.resolve(running).catch(ignore).then(refreshOrWarn)
  })
  await refresh()
  keepCurrent()

  return {
    endings,
    knowsKey: (kid) => keys.has(kid),
    key: async (kid) => {
      const now = performance.now()
      if (!keys.has(kid) && now - unknownLookedUpAt >= UNKNOWN_KEY_LOOKUP_EVERY_MS) {
        unknownLookedUpAt = now
        await refreshOrWarn()
      }
      return keys.get(kid)
    },
    assertCurrent: () => {
      if (performance.now() - currentSince < CURRENT_FOR_MS) return
      throw new AppError('unavailable', 'It cannot be checked at the moment who may read this. Try again.')
    },
    close: async () => {
      closed = true
      clearTimeout(timer)
      await running?.catch(ignore)
      await unlisten().catch(ignore)
    },
  }
}

async function importKeys(
  rows: { kid: string; public_jwk: SigningKey['public_jwk'] }[],
  known: Map<string, CryptoKey>,
): Promise<Map<string, CryptoKey>> {
  const entries = rows.map(
    async ({ kid, public_jwk }) => [kid, known.get(kid) ?? (await importPublicKey(public_jwk))] as const,
  )
  return new Map(await Promise.all(entries))
}

const ignore = () => {}
