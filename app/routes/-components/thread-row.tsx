import { Link } from '@tanstack/react-router'
import { Archive, ArchiveRestore, Ellipsis, Globe, MessagesSquare, Pencil, Trash2 } from 'lucide-react'
import { memo } from 'react'
import { IconButton } from '#app/components/controls/button.tsx'
import { Menu, MenuItem, MenuSeparator } from '#app/components/controls/menu.tsx'
import { fullMoment, shortMoment } from '#app/components/messages/moments.ts'
import { CountBadge } from '#app/components/sessions/count-badge.tsx'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import { useColumns } from './use-columns.ts'

const namedBy = ['id', 'session_id', 'title', 'status'] as const
/** As much of a thread as its menu needs: messages do not change it. */
export type NamedThread = Pick<ChatThread, (typeof namedBy)[number]>

export interface ThreadActions {
  rename: (thread: NamedThread) => void
  archive: (thread: NamedThread) => void
  remove: (thread: NamedThread) => void
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
  const named = useColumns(thread, namedBy)
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
      {canWrite && <ThreadMenu thread={named} actions={actions} />}
    </li>
  )
})

interface MenuProps {
  thread: NamedThread
  actions: ThreadActions
}

const ThreadMenu = memo(function ThreadMenu({ thread, actions }: MenuProps) {
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
})
