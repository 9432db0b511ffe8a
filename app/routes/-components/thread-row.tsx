import { Link } from '@tanstack/react-router'
import { Archive, ArchiveRestore, Ellipsis, Globe, MessagesSquare, Pencil, Trash2 } from 'lucide-react'
import { memo } from 'react'
import { IconButton } from '#app/components/controls/button.tsx'
import { Menu, MenuItem, MenuSeparator } from '#app/components/controls/menu.tsx'
import { fullMoment, shortMoment } from '#app/components/messages/moments.ts'
import { CountBadge } from '#app/components/sessions/count-badge.tsx'
import type { ChatThread } from '#db/schema/chat-threads.ts'

export interface ThreadActions {
  rename: (thread: ChatThread) => void
  archive: (thread: ChatThread) => void
  remove: (thread: ChatThread) => void
}

interface Props {
  thread: ChatThread
  unread: number
  now: Date
  canWrite: boolean
  actions: ThreadActions
}

export const ThreadRow = memo(function ThreadRow({ thread, unread, now, canWrite, actions }: Props) {
  const lastAt = thread.last_message_at
  return (
    <li className="row" data-unread={unread > 0 || undefined}>
      <Link
        to="/s/$sessionId/t/$threadId"
        params={{ sessionId: thread.session_id, threadId: thread.id }}
        className="row-link"
        activeProps={{ 'aria-current': 'page' }}
      >
        <span className="row-line">
          {thread.mode === 'session' ? (
            <MessagesSquare className="row-icon" aria-label="About the session" />
          ) : (
            <Globe className="row-icon" aria-label="General" />
          )}
          <span className="row-title">{thread.title}</span>
          {lastAt && (
            <time dateTime={lastAt.toISOString()} title={fullMoment(lastAt)}>
              {shortMoment(lastAt, now)}
            </time>
          )}
        </span>
        <span className="row-line row-indent">
          <span className="row-preview">{thread.last_message_preview || 'No messages yet'}</span>
          <CountBadge count={unread} />
        </span>
      </Link>
      {canWrite && <ThreadMenu thread={thread} actions={actions} />}
    </li>
  )
})

function ThreadMenu({ thread, actions }: { thread: ChatThread; actions: ThreadActions }) {
  const isArchived = thread.status === 'archived'
  const trigger = (
    <IconButton label={`Actions for the thread ${thread.title}`} className="row-menu">
      <Ellipsis />
    </IconButton>
  )
  return (
    <Menu trigger={trigger}>
      <MenuItem icon={<Pencil />} onSelect={() => actions.rename(thread)}>
        Rename
      </MenuItem>
      <MenuItem icon={isArchived ? <ArchiveRestore /> : <Archive />} onSelect={() => actions.archive(thread)}>
        {isArchived ? 'Take out of the archive' : 'Archive'}
      </MenuItem>
      <MenuSeparator />
      <MenuItem icon={<Trash2 />} danger onSelect={() => actions.remove(thread)}>
        Remove
      </MenuItem>
    </Menu>
  )
}
