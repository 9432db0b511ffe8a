import type { TokenTrust } from '#server/auth/token-trust.ts'

/** Whose access to which session a token gives, and since when that was certain. */
export interface SessionAccess {
  accountId: string
  sessionId: string
  /** By Postgres's clock, like the cutoffs it is compared with. */
  issuedAtMs: number
}

export interface AccessEndings {
  hasEnded(access: SessionAccess): boolean
  /** Tells the holder when the access ends, until it is removed. */
  add(access: SessionAccess, holder: AccessHolder): void
  remove(access: SessionAccess, holder: AccessHolder): void
  /** A removal has committed, as told by the database: `<account_id> <session_id>`. */
  announce(payload: string): void
  /** Call before looking into the database, and hand the result to `learn`. */
  mark(): number
  /** Takes in what the database has recorded; also finds endings whose announcement was missed. */
  learn(cutoffs: TokenTrust['cutoffs'], mark: number): void
  /** Drops cutoffs so old that every token they could refuse has expired. */
  forgetBefore(ms: number): void
}

/** Whose right ends, by time or by removal. */
export interface AccessHolder {
  rightEnded(): void
}

export function createAccessEndings(): AccessEndings {
  const cutoffsMs = new Map<string, number>()
  // By session: a set for each reader would cost more than the reader.
  const holders = new Map<string, Map<AccessHolder, SessionAccess>>()
  const announcedAt = new Map<string, number>()
  let announcements = 0

  const hasEnded = (access: SessionAccess) =>
    // Not `<`: both are cut to milliseconds, and a token of the same one may be the older.
    access.issuedAtMs <= (cutoffsMs.get(keyOf(access)) ?? Number.NEGATIVE_INFINITY)

  const endThose = (key: string) => {
    const [, sessionId = ''] = key.split(' ')
    for (const [holder, access] of [...(holders.get(sessionId) ?? [])]) {
      if (keyOf(access) === key && hasEnded(access)) holder.rightEnded()
    }
  }

  return {
    hasEnded,
    add: (access, holder) => {
      const ofSession = holders.get(access.sessionId) ?? new Map()
      holders.set(access.sessionId, ofSession.set(holder, access))
    },
    remove: ({ sessionId }, holder) => {
      const ofSession = holders.get(sessionId)
      if (ofSession?.delete(holder) && ofSession.size === 0) holders.delete(sessionId)
    },
    announce: (payload) => {
      // The announcement carries no moment: refuse everything until the recorded one is read.
      cutoffsMs.set(payload, Number.POSITIVE_INFINITY)
      announcedAt.set(payload, ++announcements)
      endThose(payload)
    },
    mark: () => announcements,
    learn: (cutoffs, mark) => {
      for (const { account_id, session_id, cutoff_at } of cutoffs) {
        const key = keyOf({ accountId: account_id, sessionId: session_id })
        // Announced after the look began: what it saw may be an earlier removal of the same person.
        if ((announcedAt.get(key) ?? 0) > mark) continue
        announcedAt.delete(key)
        cutoffsMs.set(key, cutoff_at.getTime())
        endThose(key)
      }
    },
    forgetBefore: (ms) => {
      for (const [key, cutoffMs] of cutoffsMs) if (cutoffMs < ms) cutoffsMs.delete(key)
    },
  }
}

function keyOf({ accountId, sessionId }: Pick<SessionAccess, 'accountId' | 'sessionId'>): string {
  return `${accountId} ${sessionId}`
}
