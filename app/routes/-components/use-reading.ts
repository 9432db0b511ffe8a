import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { seenUntil } from '#app/components/messages/reading.ts'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { useOpenSession } from './session-context.tsx'

/** Whether somebody looks at the end of the thread. */
export function useIsReading(isAtEnd: boolean): boolean {
  return useHasFocus() && isAtEnd
}

/**
 * From when on messages count as new in the open thread. It stands still while they are read, so that the mark does
 * not vanish under the eyes, and moves up when the reading is interrupted.
 */
export function useNewSince(messages: readonly ChatMessage[], isReading: boolean): Date | null {
  const { accountId, inbox } = useWorkspace()
  const { id: sessionId } = useOpenSession()
  const [since, setSince] = useState<Date | null>(() => {
    const entry = inbox.get(sessionId)
    return entry && entry.unread_count > 0 ? (entry.last_read_at ?? new Date(0)) : null
  })
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
