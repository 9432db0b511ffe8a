import { useNavigate } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { v7 as uuidv7 } from 'uuid'
import { Button, IconButton } from '#app/components/controls/button.tsx'
import { NameDialog } from '#app/components/controls/name-dialog.tsx'
import { Logo } from '#app/components/sessions/logo.tsx'
import { groupSessions } from '#app/components/sessions/session-order.ts'
import type { InboxEntry } from '#db/schema/inbox-entries.ts'
import { AccountBar } from './account-bar.tsx'
import { useInbox } from './seen.ts'
import { type SessionActions, SessionRow } from './session-row.tsx'
import { useChange } from './use-change.ts'
import { useNow } from './use-now.ts'
import { useSessionActions } from './use-session-actions.tsx'
import { useShortcut } from './use-shortcut.ts'

/** What she comes back to: her sessions, the way to new ones, and who she is here. */
export function SessionsPane() {
  const [isCreating, setCreating] = useState(false)
  const { actions, dialogs } = useSessionActions()
  const create = useCreateSession()
  const ask = useCallback(() => setCreating(true), [])

  useShortcut('Alt+Shift+KeyN', ask)

  return (
    <nav className="pane sessions-pane" aria-label="Sessions">
      <header className="pane-header">
        <span className="brand">
          <Logo />
          Throughline
        </span>
        <IconButton label="New session" onClick={ask}>
          <Plus />
        </IconButton>
      </header>
      <div className="pane-scroll">
        <SessionList actions={actions} onCreate={ask} />
      </div>
      <AccountBar />
      <NameDialog
        open={isCreating}
        onOpenChange={setCreating}
        title="New session"
        label="What is it about?"
        action="Create"
        maxLength={200}
        onSubmit={create}
      />
      {dialogs}
    </nav>
  )
}

interface ListProps {
  actions: SessionActions
  onCreate: () => void
}

/** All sessions of the account; apart from the pane around it, because every message changes it. */
function SessionList({ actions, onCreate }: ListProps) {
  const { entries, isReady } = useInbox()
  const groups = useMemo(() => groupSessions(entries), [entries])
  const isEmpty = entries.length === 0
  return (
    <>
      <Group title="Pinned" entries={groups.pinned} actions={actions} />
      <Group title={groups.pinned.length > 0 ? 'Sessions' : ''} entries={groups.recent} actions={actions} />
      {groups.archived.length > 0 && (
        <details className="archived">
          <summary>Archived ({groups.archived.length})</summary>
          <Group title="" entries={groups.archived} actions={actions} />
        </details>
      )}
      {isEmpty && (isReady ? <FirstSession onCreate={onCreate} /> : <ListSkeleton />)}
    </>
  )
}

interface GroupProps {
  title: string
  entries: readonly InboxEntry[]
  actions: SessionActions
}

function Group({ title, entries, actions }: GroupProps) {
  const now = useNow()
  if (entries.length === 0) return null
  return (
    <>
      {title && <h2 className="pane-label">{title}</h2>}
      <ul className="rows">
        {entries.map((entry) => (
          <SessionRow key={entry.session_id} entry={entry} now={now} actions={actions} />
        ))}
      </ul>
    </>
  )
}

function useCreateSession() {
  const change = useChange()
  const navigate = useNavigate()
  return (title: string) => {
    const id = uuidv7()
    const started = change('sessions.create', { id, title }, `“${title}” was not created.`)
    if (started) void navigate({ to: '/s/$sessionId', params: { sessionId: id } })
  }
}

function FirstSession({ onCreate }: { onCreate: () => void }) {
  return (
    <div className="empty">
      <p className="empty-title">No sessions yet</p>
      <p>A session holds threads, people and everything they said. Begin with one.</p>
      <Button look="primary" onClick={onCreate}>
        <Plus /> New session
      </Button>
    </div>
  )
}

export function ListSkeleton() {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      <i />
      <i />
      <i />
    </div>
  )
}
