import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { ChevronLeft, Plus } from 'lucide-react'
import { useState } from 'react'
import { Button, IconButton } from '#app/components/controls/button.tsx'
import { NewThreadDialog } from './new-thread-dialog.tsx'
import { PeopleButton } from './people-button.tsx'
import { useUnread } from './seen.ts'
import { useOpenSession } from './session-context.tsx'
import { SessionFacts } from './session-facts.tsx'
import { ListSkeleton } from './sessions-pane.tsx'
import { ThreadRow } from './thread-row.tsx'
import { useNow } from './use-now.ts'
import { useShortcut } from './use-shortcut.ts'
import { useThreadActions } from './use-thread-actions.tsx'

/** The threads of the open session. */
export function ThreadsPane() {
  const open = useOpenSession()
  const [isCreating, setCreating] = useState(false)
  const { actions, dialogs } = useThreadActions()
  const now = useNow()
  const unread = useUnread()
  const active = open.threads.filter((thread) => thread.status === 'active')
  const archived = open.threads.filter((thread) => thread.status === 'archived')
  const canWrite = open.role === 'owner' || open.role === 'editor'
  const row = (thread: (typeof active)[number]) => (
    <ThreadRow
      key={thread.id}
      thread={thread}
      unread={unread.get(thread.id) ?? 0}
      now={now}
      canWrite={canWrite}
      actions={actions}
    />
  )
  useShortcut('Alt+KeyN', () => canWrite && setCreating(true))
  useNextThread(active.map((thread) => thread.id))

  return (
    <nav className="pane threads-pane" aria-label="Threads">
      <header className="pane-header">
        <Link to="/" className="icon-button back-to-sessions" aria-label="All sessions" title="All sessions">
          <ChevronLeft />
        </Link>
        <h2 className="pane-title">{open.session?.title ?? open.inboxEntry?.title ?? ''}</h2>
        {canWrite && (
          <IconButton label="New thread" onClick={() => setCreating(true)}>
            <Plus />
          </IconButton>
        )}
      </header>
      <div className="pane-scroll">
        <div className="session-card">
          <SessionFacts session={open.session} />
          <PeopleButton />
        </div>
        {active.length > 0 && <h3 className="pane-label">Threads</h3>}
        <ul className="rows">{active.map(row)}</ul>
        {archived.length > 0 && (
          <details className="archived">
            <summary>Archived ({archived.length})</summary>
            <ul className="rows">{archived.map(row)}</ul>
          </details>
        )}
        {open.threads.length === 0 && !open.isReady && <ListSkeleton />}
        {open.threads.length === 0 && open.isReady && (
          <div className="empty">
            <p className="empty-title">No threads yet</p>
            <p>A thread is one line of talk. Begin the first.</p>
            {canWrite && (
              <Button look="primary" onClick={() => setCreating(true)}>
                <Plus /> New thread
              </Button>
            )}
          </div>
        )}
      </div>
      <NewThreadDialog sessionId={open.id} open={isCreating} onOpenChange={setCreating} />
      {dialogs}
    </nav>
  )
}

function useNextThread(ids: readonly string[]): void {
  const navigate = useNavigate()
  const { sessionId, threadId } = useParams({ strict: false })
  const go = (step: number) => {
    const next = ids[ids.indexOf(threadId ?? '') + step]
    if (sessionId && next)
      void navigate({ to: '/s/$sessionId/t/$threadId', params: { sessionId, threadId: next } })
  }
  useShortcut('Alt+ArrowUp', () => go(-1))
  useShortcut('Alt+ArrowDown', () => go(1))
}
