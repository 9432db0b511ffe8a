import { Link } from '@tanstack/react-router'
import { ChevronLeft, Plus } from 'lucide-react'
import { useCallback, useState } from 'react'
import { IconButton } from '#app/components/controls/button.tsx'
import { NewThreadDialog } from './new-thread-dialog.tsx'
import { PeopleButton } from './people-button.tsx'
import { useOpenSession, usePeople } from './session-context.tsx'
import { SessionFacts } from './session-facts.tsx'
import { ThreadList } from './thread-list.tsx'
import { useShortcut } from './use-shortcut.ts'
import { useThreadActions } from './use-thread-actions.tsx'

/** The open session: what it is about, who takes part, and its threads. */
export function ThreadsPane() {
  const open = useOpenSession()
  const { role } = usePeople()
  const [isCreating, setCreating] = useState(false)
  const { actions, dialogs } = useThreadActions()
  const canWrite = role === 'owner' || role === 'editor'
  const create = useCallback(() => setCreating(true), [])
  useShortcut('Alt+KeyN', () => canWrite && create())

  return (
    <nav className="pane threads-pane" aria-label="Threads">
      <header className="pane-header">
        <Link to="/" className="icon-button back-to-sessions" aria-label="All sessions" title="All sessions">
          <ChevronLeft />
        </Link>
        <h2 className="pane-title">{open.title ?? ''}</h2>
        {canWrite && (
          <IconButton label="New thread" onClick={create}>
            <Plus />
          </IconButton>
        )}
      </header>
      <div className="pane-scroll">
        <div className="session-card">
          <SessionFacts session={open.session} />
          <PeopleButton />
        </div>
        <ThreadList canWrite={canWrite} actions={actions} onCreate={create} />
      </div>
      <NewThreadDialog sessionId={open.id} open={isCreating} onOpenChange={setCreating} />
      {dialogs}
    </nav>
  )
}
