import { cleanTitle } from '../titles.ts'

export interface LegacySession {
  title: string
  agent: 'codex' | 'gemini' | null
}

/** The old viewer named a session after the first bytes of its log's path, so many logs share one id. */
const PATH_BYTES = 20

/** What an old session id says about the session: the beginning of a path at best. */
export function legacySession(legacyId: string): LegacySession {
  if (legacyId === 'session-default')
    return { title: `Legacy session without a log (${legacyId})`, agent: null }
  if (legacyId === UNBOUND) return { title: `Legacy session without a path (${legacyId})`, agent: null }
  const path = pathOf(legacyId)
  const wholePath = path !== null && Buffer.byteLength(path) < PATH_BYTES
  const title = `${wholePath ? 'Legacy session' : 'Unresolved legacy session'} · ${path ?? legacyId}`
  return { title: cleanTitle(title).title, agent: agentOf(path) }
}

/** The id of records that name no session: the old viewer's own name for a log without a path. */
export const UNBOUND = 'session-unbound'

function pathOf(legacyId: string): string | null {
  const hex = /^session-((?:[0-9a-f]{2})+)$/.exec(legacyId)?.[1]
  if (hex === undefined) return null
  try {
    // Streaming, because the last character may have been cut in its middle.
    const path = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(hex, 'hex'), { stream: true })
    return /\p{Cc}/u.test(path) || path.trim() === '' ? null : path
  } catch {
    return null
  }
}

function agentOf(path: string | null): LegacySession['agent'] {
  if (path?.startsWith('uploads/~/.codex/')) return 'codex'
  return path?.startsWith('uploads/~/.gemini/') ? 'gemini' : null
}
