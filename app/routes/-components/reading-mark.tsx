import { useEffect, useRef } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { readableUpTo, seenUntil } from '#app/components/messages/reading.ts'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { beginReading, noteSeen } from './seen.ts'
import { useInboxEntry, useOpenSession, useSessionMessages } from './session-context.tsx'
import { useChange } from './use-change.ts'

interface Props {
  threadId: string
  messages: readonly ChatMessage[]
  isReading: boolean
}

/** Marks as read what stands before somebody's eyes: the end of the thread, in a tab that has the focus. */
export function ReadingMark({ threadId, messages, isReading }: Props) {
  const { accountId } = useWorkspace()
  const { id: sessionId } = useOpenSession()
  const all = useSessionMessages()
  const inboxEntry = useInboxEntry()
  const change = useChange()
  const marked = useRef<string>(undefined)
  useEffect(() => (isReading ? beginReading(threadId) : undefined), [isReading, threadId])
  useEffect(() => {
    if (!isReading || !inboxEntry) return
    return afterPaint(() => {
      const seen = noteSeen(threadId, seenUntil(messages, accountId))
      const upTo = readableUpTo(all, inboxEntry.last_read_at, accountId, seen)
      if (!upTo || marked.current === upTo.id) return
      marked.current = upTo.id
      change('inbox_entries.markRead', { session_id: sessionId, message_id: upTo.id }, null)
    })
  }, [isReading, threadId, messages, all, inboxEntry, accountId, sessionId, change])
  return null
}

/** A message is shown before it is marked: the marking would hold up its first frame. */
function afterPaint(run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout>
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(run)
  })
  return () => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
  }
}
