import { eq, useLiveQuery } from '@tanstack/react-db'
import { ArrowDown } from 'lucide-react'
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useStore, useWorkspace } from '#app/collections/workspace.tsx'
import { deliveriesOf, isOfMessage, wasNeverSent } from '#app/components/messages/delivery.ts'
import { MessageList, type MessageListHandle } from '#app/components/messages/message-list.tsx'
import type { TimelineRow } from '#app/components/messages/timeline.ts'
import { CountBadge } from '#app/components/sessions/count-badge.tsx'
import { selectedFrom } from '#app/sync/store.ts'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { Announcer } from './announcer.tsx'
import { ReadingMark } from './reading-mark.tsx'
import { rowElements } from './row-elements.tsx'
import { useSessionMessages } from './session-context.tsx'
import { ThreadComposer } from './thread-composer.tsx'
import type { ThreadHead } from './thread-pane.tsx'
import { UnsentMessages } from './unsent-messages.tsx'
import { useJump } from './use-jump.ts'
import { useMessageActions } from './use-message-actions.tsx'
import { useIsReading, useNewSince } from './use-reading.ts'
import { useTimeline } from './use-timeline.ts'

/** What was said in a thread and what its tools did, kept at the place where one reads. */
export const Conversation = memo(function Conversation({ thread }: { thread: ThreadHead }) {
  const workspace = useWorkspace()
  const { accountId } = workspace
  const all = useSessionMessages()
  const [isAtEnd, setAtEnd] = useState(false)
  const list = useRef<MessageListHandle>(null)
  const messages = useMemo(() => messagesOf(all, thread.id), [all, thread.id])
  const { data: toolEvents } = useLiveQuery({
    queryKey: ['tool-events', thread.id],
    query: (q) =>
      q
        .from({ event: workspace.session(thread.session_id).toolEvents })
        .where(({ event }) => eq(event.thread_id, thread.id)),
  })
  const unsent = useUnsentOfMessages()
  const deliveries = useMemo(() => deliveriesOf(unsent), [unsent])
  const isReading = useIsReading(isAtEnd)
  const newSince = useNewSince(messages, isReading)
  const rows = useTimeline({ messages, toolEvents, newSince, accountId })
  const { actions, editing, dialog } = useMessageActions()
  const { flashing, startsAtTarget } = useJump(list, rows)
  const startAt = startsAtTarget ?? rows.find((row) => row.kind === 'new')?.key
  const arrived = useArrivedBelow(messages, isAtEnd, accountId)
  const elementOf = useMemo(rowElements, [])
  const renderRow = useCallback(
    (row: TimelineRow) =>
      elementOf({
        row,
        thread,
        delivery: deliveries.get(row.key),
        isFlashing: row.key === flashing,
        isEditing: row.key === editing,
        actions,
      }),
    [elementOf, thread, deliveries, flashing, editing, actions],
  )
  const scrollToEnd = useCallback(() => list.current?.scrollToEnd(), [])
  const editLast = useLasting(() => {
    const last = messages.findLast(
      (each) =>
        each.author_account_id === accountId && !each.removed_at && !wasNeverSent(deliveries.get(each.id)),
    )
    if (!last) return
    list.current?.scrollToRow(last.id)
    actions.startEdit(last)
  })
  return (
    <>
      <div className="conversation">
        <MessageList ref={list} rows={rows} startAt={startAt} onAtEndChange={setAtEnd}>
          {renderRow}
        </MessageList>
        {!isAtEnd && (
          <button type="button" className="to-latest" onClick={scrollToEnd}>
            <ArrowDown aria-hidden="true" />
            {arrived > 0 ? 'New messages' : 'Latest'}
            <CountBadge count={arrived} label="new" />
          </button>
        )}
      </div>
      <UnsentMessages thread={thread} messages={messages} unsent={unsent} />
      <ThreadComposer thread={thread} onSent={scrollToEnd} onEditLast={editLast} />
      <Announcer messages={messages} />
      <ReadingMark threadId={thread.id} messages={messages} isReading={isReading} />
      {dialog}
    </>
  )
})

function messagesOf(all: readonly ChatMessage[], threadId: string): ChatMessage[] {
  return all.filter((message) => message.thread_id === threadId).sort(byPosition)
}

/** Several unconfirmed messages may share the last position: their time-ordered ids tell them apart. */
function byPosition(a: ChatMessage, b: ChatMessage): number {
  return a.position - b.position || (a.id < b.id ? -1 : 1)
}

/** The same list while other changes than those of messages come and go. */
function useUnsentOfMessages() {
  const { unsent } = useWorkspace()
  const ofMessages = useMemo(() => selectedFrom(unsent, isOfMessage), [unsent])
  return useStore(ofMessages)
}

/** The same function for good, that does what the last one given does. */
function useLasting(run: () => void): () => void {
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  return useCallback(() => latest.current(), [])
}

/** Messages of others that came since the end was last in view. */
function useArrivedBelow(messages: readonly ChatMessage[], isAtEnd: boolean, accountId: string): number {
  const [seenCount, setSeenCount] = useState(messages.length)
  if (isAtEnd && seenCount !== messages.length) setSeenCount(messages.length)
  return isAtEnd ? 0 : messages.slice(seenCount).filter((each) => each.author_account_id !== accountId).length
}
