import { z } from 'zod'
import { grantAccountRead, grantSessionRead } from '#server/auth/read-grants.ts'
import { AppError } from '#server/errors.ts'
import { type ProxyContext, proxyState } from './process-state.ts'
import { signShapeToken, TOKEN_LIFETIME_MS } from './shape-tokens.ts'

const inputSchema = z.strictObject({ session_id: z.uuid().toLowerCase().optional() })

export interface IssuedToken {
  token: string
  /** ISO 8601. */
  expires_at: string
  /** Seconds; for browsers, whose clocks may be wrong. */
  expires_in: number
}

/**
 * A token for the caller's own rows, or for one session's if she is a member of it.
 * @param input the request's body: `{ session_id? }`.
 * @throws AppError invalid, unauthenticated, not_found.
 */
export async function issueShapeToken(
  ctx: ProxyContext,
  { accountId }: { accountId: string },
  input: unknown,
): Promise<IssuedToken> {
  const parsed = inputSchema.safeParse(input)
  if (!parsed.success) throw new AppError('invalid', 'Send {} or {"session_id": "<UUID>"}.')
  const sessionId = parsed.data.session_id ?? null
  const { key } = await proxyState(ctx)
  const issuedAtMs = sessionId
    ? await grantSessionRead(ctx.db, accountId, sessionId)
    : await grantAccountRead(ctx.db, accountId)
  const token = await signShapeToken(key, { accountId, sessionId, issuedAtMs })
  const expires_at = new Date(issuedAtMs + TOKEN_LIFETIME_MS).toISOString()
  return { token, expires_at, expires_in: TOKEN_LIFETIME_MS / 1000 }
}
