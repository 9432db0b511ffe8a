import { randomUUID } from 'node:crypto'
import { signShapeToken } from '#proxy/shape-tokens.ts'
import { loadSigningKey } from '#proxy/signing-key.ts'
import type { LiveClientCalls, Reader } from './processes/live-clients.ts'
import type { Remote } from './processes/remote.ts'
import type { Place } from './sessions.ts'
import type { Stack } from './stack.ts'

/** What a reader of a session's messages asks the app for; what follows is a position. */
export function messagesPath(sessionId: string): string {
  return `/api/shapes/chat_messages?session_id=${sessionId}`
}

export interface TokenIssuer {
  /** For somebody who was never there before. */
  issue(sessionId: string): Promise<string>
}

/** Signs as the app does when a member asks it; a token is all that reading takes. */
export async function tokenIssuer({ shapeTokenKey }: Stack): Promise<TokenIssuer> {
  const key = await loadSigningKey(shapeTokenKey)
  return {
    issue: (sessionId) => signShapeToken(key, { accountId: randomUUID(), sessionId, issuedAtMs: Date.now() }),
  }
}

/** People who have read their sessions to the end, the same number in each. */
export async function readersOf(
  issuer: TokenIssuer,
  clients: Remote<LiveClientCalls>,
  port: number,
  places: readonly Place[],
  each: number,
): Promise<Reader[]> {
  const bySession = places.map(async ({ sessionId }) => {
    const tokens = await Promise.all(Array.from({ length: each }, () => issuer.issue(sessionId)))
    const position = await clients.call('sync', port, messagesPath(sessionId), tokens[0] ?? '')
    return tokens.map((token): Reader => ({ sessionId, token, position }))
  })
  return (await Promise.all(bySession)).flat()
}
