import { useLiveQuery } from '@tanstack/react-db'
import { Link, useParams } from '@tanstack/react-router'
import { Archive, ArchiveRestore, Ellipsis, Pencil, Pin, PinOff, Trash2 } from 'lucide-react'
import { memo } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { IconButton } from '#app/components/controls/button.tsx'
import { Menu, MenuItem, MenuSeparator } from '#app/components/controls/menu.tsx'
import { fullMoment, shortMoment } from '#app/components/messages/moments.ts'
import { CountBadge } from '#app/components/sessions/count-badge.tsx'
import type { InboxEntry } from '#db/schema/inbox-entries.ts'
import type { MemberRole } from '#db/schema/session-members.ts'
import { peopleOf } from './session-context.tsx'
import { useColumns } from './use-columns.ts'

const namedBy = ['session_id', 'title', 'pinned', 'archived_at'] as const
/** As much of a session as its menu needs: messages do not change it. */
export type NamedSession = Pick<InboxEntry, (typeof namedBy)[number]>

export interface SessionActions {
  pin: (entry: NamedSession) => void
  rename: (entry: NamedSession) => void
  archive: (entry: NamedSession) => void
  remove: (entry: NamedSession) => void
}

interface Props {
  entry: InboxEntry
  now: Date
  actions: SessionActions
}

export const SessionRow = memo(function SessionRow({ entry, now, actions }: Props) {
  const { last_message_at: lastAt } = entry
  const named = useColumns(entry, namedBy)
  return (
    <li className="row" data-unread={entry.unread_count > 0 || undefined}>
      <Link
        to="/s/$sessionId"
        params={{ sessionId: entry.session_id }}
        className="row-link"
        activeProps={{ 'aria-current': 'page' }}
      >
        <span className="row-line">
          <span className="row-title">{entry.title}</span>
          {entry.pinned && <Pin className="row-pin" aria-label="Pinned" />}
          {lastAt && (
            <time dateTime={lastAt.toISOString()} title={fullMoment(lastAt)}>
              {shortMoment(lastAt, now)}
            </time>
          )}
        </span>
        <span className="row-line">
          <span className="row-preview">{preview(entry)}</span>
          <CountBadge count={entry.unread_count} />
        </span>
      </Link>
      <SessionMenu entry={named} actions={actions} />
    </li>
  )
})

function preview(entry: InboxEntry): string {
  if (!entry.last_message_preview) return 'No messages yet'
  const { last_message_author: author, last_message_preview: text } = entry
  return author ? `${author}: ${text}` : text
}

interface MenuProps {
  entry: NamedSession
  actions: SessionActions
}

const SessionMenu = memo(function SessionMenu({ entry, actions }: MenuProps) {
  const { sessionId } = useParams({ strict: false })
  const trigger = (
    <IconButton label={`Actions for the session ${entry.title}`} className="row-menu">
      <Ellipsis />
    </IconButton>
  )
  const Changes = sessionId === entry.session_id ? OpenSessionChanges : SessionChanges
  return (
    <Menu trigger={trigger}>
      <MenuItem icon={entry.pinned ? <PinOff /> : <Pin />} onSelect={() => actions.pin(entry)}>
        {entry.pinned ? 'Unpin' : 'Pin'}
      </MenuItem>
      <Changes entry={entry} actions={actions} />
    </Menu>
  )
})

/** Only the open session's members are here; of the others everything is offered, and the server decides. */
function OpenSessionChanges(props: MenuProps) {
  const workspace = useWorkspace()
  const { data: members } = useLiveQuery(workspace.session(props.entry.session_id).members)
  return <SessionChanges {...props} role={peopleOf(members, workspace.accountId).role} />
}

function SessionChanges({ entry, actions, role = 'owner' }: MenuProps & { role?: MemberRole | undefined }) {
  if (role === 'viewer') return null
  return (
    <>
      <MenuItem icon={<Pencil />} onSelect={() => actions.rename(entry)}>
        Rename
      </MenuItem>
      {role === 'owner' && (
        <>
          <MenuItem
            icon={entry.archived_at ? <ArchiveRestore /> : <Archive />}
            onSelect={() => actions.archive(entry)}
          >
            {entry.archived_at ? 'Take out of the archive' : 'Archive'}
          </MenuItem>
          <MenuSeparator />
          <MenuItem icon={<Trash2 />} danger onSelect={() => actions.remove(entry)}>
            Delete
          </MenuItem>
        </>
      )}
    </>
  )
}
