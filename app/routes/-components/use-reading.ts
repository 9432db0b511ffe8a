import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { readableUpTo, seenUntil } from '#app/components/messages/reading.ts'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { noteSeen } from './seen.ts'
import { useOpenSession } from './session-context.tsx'
import { useChange } from './use-change.ts'

/** Marks as read what stands before somebody's eyes: the end of the thread, in a tab that has the focus. */
export function useReading(threadId: string, messages: readonly ChatMessage[], isAtEnd: boolean): boolean {
  const { accountId } = useWorkspace()
  const { id: sessionId, messages: all, inboxEntry } = useOpenSession()
  const change = useChange()
  const isReading = useHasFocus() && isAtEnd
  const marked = useRef<string>(undefined)
  useEffect(() => {
    if (!isReading || !inboxEntry) return
    const seen = noteSeen(threadId, seenUntil(messages, accountId))
    const upTo = readableUpTo(all, inboxEntry.last_read_at, accountId, seen)
    if (!upTo || marked.current === upTo.id) return
    marked.current = upTo.id
    change('inbox_entries.markRead', { session_id: sessionId, message_id: upTo.id }, null)
  }, [isReading, threadId, messages, all, inboxEntry, accountId, sessionId, change])
  return isReading
}

/**
 * From when on messages count as new in the open thread. It stands still while they are read, so that the mark does
 * not vanish under the eyes, and moves up when the reading is interrupted.
 */
export function useNewSince(messages: readonly ChatMessage[], isReading: boolean): Date | null {
  const { accountId } = useWorkspace()
  const { inboxEntry } = useOpenSession()
  const [since, setSince] = useState<Date | null>(() =>
    inboxEntry && inboxEntry.unread_count > 0 ? (inboxEntry.last_read_at ?? new Date(0)) : null,
  )
  const wasReading = useRef(false)
  useEffect(() => {
    if (wasReading.current && !isReading) {
      setSince(new Date(seenUntil(messages, accountId)))
    }
    wasReading.current = isReading
  }, [isReading, messages, accountId])
  return since
}

function useHasFocus(): boolean {
  return useSyncExternalStore(subscribe, hasFocus, () => false)
}

const hasFocus = () => document.visibilityState === 'visible' && document.hasFocus()

function subscribe(onChange: () => void): () => void {
  window.addEventListener('focus', onChange)
  window.addEventListener('blur', onChange)
  document.addEventListener('visibilitychange', onChange)
  return () => {
    window.removeEventListener('focus', onChange)
    window.removeEventListener('blur', onChange)
    document.removeEventListener('visibilitychange', onChange)
  }
}
