import { memo, useMemo } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { authorOf } from '#app/components/messages/author.ts'
import { type Delivery, wasNeverSent } from '#app/components/messages/delivery.ts'
import { type MessageActions, MessageItem } from '#app/components/messages/message-item.tsx'
import { dateOnly, dayLabel, fullMoment } from '#app/components/messages/moments.ts'
import type { TimelineRow } from '#app/components/messages/timeline.ts'
import { ToolEventCard } from '#app/components/messages/tool-event-card.tsx'
import { usePeople } from './session-context.tsx'
import type { ThreadHead } from './thread-pane.tsx'
import { useMentioned } from './use-mentioned.ts'
import { useNow } from './use-now.ts'

export interface RowProps {
  row: TimelineRow
  thread: ThreadHead
  delivery: Delivery | undefined
  isFlashing: boolean
  isEditing: boolean
  actions: MessageActions
}

export const TimelineRowView = memo(function TimelineRowView(props: RowProps) {
  const { row, thread } = props
  switch (row.kind) {
    case 'start':
      return <ThreadStart thread={thread} />
    case 'day':
      return <DayMark date={row.date} isNew={row.isNew} />
    case 'new':
      return (
        <div className="new-mark" data-new="true">
          <span>{row.count === 1 ? '1 new message' : `${row.count} new messages`}</span>
        </div>
      )
    case 'tool':
      return <ToolEventCard event={row.event} isNew={row.isNew} />
    case 'message':
      return <MessageRow {...props} row={row} />
    case 'end':
      return <div className="thread-end" />
  }
})

function MessageRow({
  row,
  delivery,
  isFlashing,
  isEditing,
  actions,
}: RowProps & { row: Extract<TimelineRow, { kind: 'message' }> }) {
  const { accountId } = useWorkspace()
  const { membersById, role } = usePeople()
  const { message } = row
  const author = useMemo(() => authorOf(message, membersById), [message, membersById])
  const mentioned = useMentioned(message.mentions, membersById)
  const isMine = message.author_account_id === accountId
  return (
    <MessageItem
      message={message}
      author={author}
      mentioned={mentioned}
      accountId={accountId}
      startsGroup={row.startsGroup}
      isNew={row.isNew}
      isFlashing={isFlashing}
      isEditing={isEditing}
      canChange={isMine && (role === 'owner' || role === 'editor') && !wasNeverSent(delivery)}
      delivery={delivery}
      actions={actions}
    />
  )
}

function ThreadStart({ thread }: { thread: ThreadHead }) {
  return (
    <div className="thread-start">
      <p className="thread-start-title">{thread.title}</p>
      <p>
        {thread.mode === 'session' ? 'A thread about this session.' : 'A general thread.'} Begun{' '}
        <time dateTime={thread.created_at.toISOString()} title={fullMoment(thread.created_at)}>
          {dateOnly(thread.created_at)}
        </time>
        .
      </p>
    </div>
  )
}

function DayMark({ date, isNew }: { date: Date; isNew: boolean }) {
  const now = useNow()
  return (
    <div className="day-mark" data-new={isNew || undefined}>
      <time dateTime={date.toISOString().slice(0, 10)}>{dayLabel(date, now)}</time>
    </div>
  )
}
