import { Link } from '@tanstack/react-router'
import { ChevronLeft, Search } from 'lucide-react'
import { memo } from 'react'
import { IconButton } from '#app/components/controls/button.tsx'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import { Conversation } from './conversation.tsx'
import { useOpenSession, usePeople, useThreads } from './session-context.tsx'
import { ListSkeleton } from './sessions-pane.tsx'
import { useColumns } from './use-columns.ts'

interface Props {
  threadId: string
  onSearch: () => void
}

const headColumns = ['id', 'session_id', 'mode', 'title', 'status', 'created_at'] as const
/** A thread as its own screen shows it, without what every message changes. */
export type ThreadHead = Pick<ChatThread, (typeof headColumns)[number]>

/** One thread: its head, what was said, and the place to say more. */
export function ThreadPane({ threadId, onSearch }: Props) {
  const open = useOpenSession()
  const { role } = usePeople()
  const row = useThreads().find((each) => each.id === threadId)
  const thread = useColumns(row, headColumns)
  // A thread nobody has written in is complete without its messages, so a new one can be written in at once.
  const hasMessages = open.hasMessages || row?.message_count === 0
  // Where the reading stopped must be known before the first message is shown.
  const isLoaded = hasMessages && open.hasInboxEntry && role !== undefined
  return (
    <section className="pane thread-pane" aria-label="Thread">
      {thread && <ThreadHeader thread={thread} onSearch={onSearch} />}
      {thread && isLoaded && <Conversation key={threadId} thread={thread} />}
      {thread && !isLoaded && <ListSkeleton />}
      {!thread && !open.isReady && <ListSkeleton />}
      {!thread && open.isReady && <MissingThread />}
    </section>
  )
}

interface HeaderProps {
  thread: ThreadHead
  onSearch: () => void
}

const ThreadHeader = memo(function ThreadHeader({ thread, onSearch }: HeaderProps) {
  return (
    <header className="pane-header thread-header">
      <Link
        to="/s/$sessionId"
        params={{ sessionId: thread.session_id }}
        className="icon-button back-to-threads"
        aria-label="All threads"
        title="All threads"
      >
        <ChevronLeft />
      </Link>
      <h2 className="pane-title">{thread.title}</h2>
      {thread.status === 'archived' && <span className="tag">Archived</span>}
      <span className="thread-mode">{thread.mode === 'session' ? 'About the session' : 'General'}</span>
      <IconButton label="Search the session (/)" onClick={onSearch}>
        <Search />
      </IconButton>
    </header>
  )
})

function MissingThread() {
  const { id } = useOpenSession()
  return (
    <div className="empty centred">
      <h2 className="empty-title">This thread is not here</h2>
      <p>It was removed, or the link is wrong.</p>
      <Link to="/s/$sessionId" params={{ sessionId: id }} className="button" data-look="plain">
        See the threads
      </Link>
    </div>
  )
}
