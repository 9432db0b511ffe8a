import { eq, useLiveQuery } from '@tanstack/react-db'
import { ArrowDown } from 'lucide-react'
import { useMemo, useRef, useState } from 'react'
import { useStore, useWorkspace } from '#app/collections/workspace.tsx'
import { deliveriesOf, wasNeverSent } from '#app/components/messages/delivery.ts'
import { MessageList, type MessageListHandle } from '#app/components/messages/message-list.tsx'
import { buildTimeline } from '#app/components/messages/timeline.ts'
import { CountBadge } from '#app/components/sessions/count-badge.tsx'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import { Announcer } from './announcer.tsx'
import { useOpenSession } from './session-context.tsx'
import { ThreadComposer } from './thread-composer.tsx'
import { TimelineRowView } from './timeline-row-view.tsx'
import { UnsentMessages } from './unsent-messages.tsx'
import { useJump } from './use-jump.ts'
import { useMessageActions } from './use-message-actions.tsx'
import { useNewSince, useReading } from './use-reading.ts'

/** What was said in a thread and what its tools did, kept at the place where one reads. */
export function Conversation({ thread }: { thread: ChatThread }) {
  const workspace = useWorkspace()
  const { accountId } = workspace
  const open = useOpenSession()
  const [isAtEnd, setAtEnd] = useState(false)
  const list = useRef<MessageListHandle>(null)
  const messages = useMemo(() => messagesOf(open.messages, thread.id), [open.messages, thread.id])
  const { data: toolEvents } = useLiveQuery({
    queryKey: ['tool-events', thread.id],
    query: (q) =>
      q
        .from({ event: workspace.session(thread.session_id).toolEvents })
        .where(({ event }) => eq(event.thread_id, thread.id)),
  })
  const unsent = useStore(workspace.unsent)
  const deliveries = useMemo(() => deliveriesOf(unsent), [unsent])
  const isReading = useReading(thread.id, messages, isAtEnd)
  const newSince = useNewSince(messages, isReading)
  const rows = useMemo(
    () => buildTimeline({ messages, toolEvents, newSince, accountId }),
    [messages, toolEvents, newSince, accountId],
  )
  const { actions, editing, dialog } = useMessageActions()
  const { flashing, startsAtTarget } = useJump(list, rows)
  const startAt = startsAtTarget ?? rows.find((row) => row.kind === 'new')?.key
  const arrived = useArrivedBelow(messages, isAtEnd, accountId)
  const editLast = () => {
    const last = messages.findLast(
      (each) =>
        each.author_account_id === accountId && !each.removed_at && !wasNeverSent(deliveries.get(each.id)),
    )
    if (!last) return
    list.current?.scrollToRow(last.id)
    actions.startEdit(last)
  }
  return (
    <>
      <div className="conversation">
        <MessageList ref={list} rows={rows} startAt={startAt} onAtEndChange={setAtEnd}>
          {(row) => (
            <TimelineRowView
              key={row.key}
              row={row}
              thread={thread}
              delivery={deliveries.get(row.key)}
              isFlashing={row.key === flashing}
              isEditing={row.key === editing}
              actions={actions}
            />
          )}
        </MessageList>
        {!isAtEnd && (
          <button type="button" className="to-latest" onClick={() => list.current?.scrollToEnd()}>
            <ArrowDown aria-hidden="true" />
            {arrived > 0 ? 'New messages' : 'Latest'}
            <CountBadge count={arrived} label="new" />
          </button>
        )}
      </div>
      <UnsentMessages thread={thread} messages={messages} unsent={unsent} />
      <ThreadComposer thread={thread} onSent={() => list.current?.scrollToEnd()} onEditLast={editLast} />
      <Announcer messages={messages} />
      {dialog}
    </>
  )
}

function messagesOf(all: readonly ChatMessage[], threadId: string): ChatMessage[] {
  return all.filter((message) => message.thread_id === threadId).sort(byPosition)
}

/** Several unconfirmed messages may share the last position: their time-ordered ids tell them apart. */
function byPosition(a: ChatMessage, b: ChatMessage): number {
  return a.position - b.position || (a.id < b.id ? -1 : 1)
}

/** Messages of others that came since the end was last in view. */
function useArrivedBelow(messages: readonly ChatMessage[], isAtEnd: boolean, accountId: string): number {
  const [seenCount, setSeenCount] = useState(messages.length)
  if (isAtEnd && seenCount !== messages.length) setSeenCount(messages.length)
  return isAtEnd ? 0 : messages.slice(seenCount).filter((each) => each.author_account_id !== accountId).length
}
