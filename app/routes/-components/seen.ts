import { useLiveQuery } from '@tanstack/react-db'
import { useEffect, useMemo } from 'react'
import { useStore, useWorkspace } from '#app/collections/workspace.tsx'
import { type SeenThreads, type Unread, unreadOf } from '#app/components/messages/reading.ts'
import { createStore } from '#app/sync/store.ts'
import type { InboxEntry } from '#db/schema/inbox-entries.ts'
import { useInboxEntry, useOpenSession, useSessionMessages } from './session-context.tsx'

// What this page has shown since it was opened. A session has one mark of reading for all its threads; what was seen
// beyond it is known here alone, until the mark can pass it.
const seenThreads = createStore<SeenThreads>(new Map())
/** The thread whose end somebody looks at: what comes there is seen as it is shown. */
const readingThread = createStore<string | null>(null)
const seenAhead = createStore<ReadonlyMap<string, SeenAhead>>(new Map())

interface SeenAhead {
  lastReadAt: number
  count: number
}

/** @returns what ends it. */
export function beginReading(threadId: string): () => void {
  readingThread.set(threadId)
  return () => readingThread.set(null)
}

export function noteSeen(threadId: string, until: number): SeenThreads {
  const known = seenThreads.getSnapshot()
  if ((known.get(threadId) ?? 0) < until) seenThreads.set(new Map(known).set(threadId, until))
  return seenThreads.getSnapshot()
}

function noteSeenAhead(sessionId: string, ahead: SeenAhead): void {
  const known = seenAhead.getSnapshot()
  const before = known.get(sessionId)
  if (ahead.count === (before?.count ?? 0) && (ahead.count === 0 || ahead.lastReadAt === before?.lastReadAt))
    return
  seenAhead.set(new Map(known).set(sessionId, ahead))
}

/** What is unread in the open session; the list of sessions hears what of it was seen already. */
export function useUnread(): Unread['byThread'] {
  const { accountId } = useWorkspace()
  const { id } = useOpenSession()
  const messages = useSessionMessages()
  const inboxEntry = useInboxEntry()
  const seen = useSeen()
  const lastReadAt = inboxEntry?.last_read_at ?? null
  const unread = useMemo(
    () => unreadOf(messages, lastReadAt, accountId, seen),
    [messages, lastReadAt, accountId, seen],
  )
  useEffect(() => {
    noteSeenAhead(id, { lastReadAt: lastReadAt?.getTime() ?? 0, count: unread.seenAhead })
  }, [id, lastReadAt, unread.seenAhead])
  return unread.byThread
}

function useSeen(): SeenThreads {
  const noted = useStore(seenThreads)
  const reading = useStore(readingThread)
  return useMemo(
    () => (reading === null ? noted : new Map(noted).set(reading, Number.POSITIVE_INFINITY)),
    [noted, reading],
  )
}

/** The account's sessions; their counts leave out what this page has shown. */
export function useInbox(): { entries: readonly InboxEntry[]; isReady: boolean } {
  const { data, isReady } = useLiveQuery(useWorkspace().inbox)
  const ahead = useStore(seenAhead)
  const entries = useMemo(
    () =>
      data.map((entry) => {
        const seen = ahead.get(entry.session_id)
        // The mark has moved since, perhaps in another tab: the count is of another stretch.
        if (!seen?.count || seen.lastReadAt !== (entry.last_read_at?.getTime() ?? 0)) return entry
        const unread_count = Math.max(0, entry.unread_count - seen.count)
        return unread_count === entry.unread_count ? entry : { ...entry, unread_count }
      }),
    [data, ahead],
  )
  return { entries, isReady }
}
