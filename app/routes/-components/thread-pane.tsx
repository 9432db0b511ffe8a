import { Link } from '@tanstack/react-router'
import { ChevronLeft, Search } from 'lucide-react'
import { IconButton } from '#app/components/controls/button.tsx'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import { Conversation } from './conversation.tsx'
import { useOpenSession } from './session-context.tsx'
import { ListSkeleton } from './sessions-pane.tsx'

interface Props {
  threadId: string
  onSearch: () => void
}

/** One thread: its head, what was said, and the place to say more. */
export function ThreadPane({ threadId, onSearch }: Props) {
  const open = useOpenSession()
  const thread = open.threads.find((each) => each.id === threadId)
  // A thread nobody has written in is complete without its messages, so a new one can be written in at once.
  const hasMessages = open.hasMessages || open.messages.length > 0 || thread?.message_count === 0
  // Where the reading stopped must be known before the first message is shown.
  const isLoaded = hasMessages && open.inboxEntry !== undefined && open.role !== undefined
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

function ThreadHeader({ thread, onSearch }: { thread: ChatThread; onSearch: () => void }) {
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
}

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
