import { useNavigate, useParams } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { Button } from '#app/components/controls/button.tsx'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import { useUnread } from './seen.ts'
import { useOpenSession, useThreads } from './session-context.tsx'
import { ListSkeleton } from './sessions-pane.tsx'
import { type ThreadActions, ThreadRow } from './thread-row.tsx'
import { useNow } from './use-now.ts'
import { useShortcut } from './use-shortcut.ts'

interface Props {
  canWrite: boolean
  actions: ThreadActions
  onCreate: () => void
}

/** The threads of the open session; apart from the pane around it, because every message changes it. */
export function ThreadList({ canWrite, actions, onCreate }: Props) {
  const { isReady } = useOpenSession()
  const threads = useThreads()
  const now = useNow()
  const unread = useUnread()
  const active = threads.filter((thread) => thread.status === 'active')
  const archived = threads.filter((thread) => thread.status === 'archived')
  const row = (thread: ChatThread) => (
    <ThreadRow
      key={thread.id}
      thread={thread}
      unread={unread.get(thread.id) ?? 0}
      now={now}
      canWrite={canWrite}
      actions={actions}
    />
  )
  useNextThread(active.map((thread) => thread.id))
  return (
    <>
      {active.length > 0 && <h3 className="pane-label">Threads</h3>}
      <ul className="rows">{active.map(row)}</ul>
      {archived.length > 0 && (
        <details className="archived">
          <summary>Archived ({archived.length})</summary>
          <ul className="rows">{archived.map(row)}</ul>
        </details>
      )}
      {threads.length === 0 && !isReady && <ListSkeleton />}
      {threads.length === 0 && isReady && (
        <div className="empty">
          <p className="empty-title">No threads yet</p>
          <p>A thread is one line of talk. Begin the first.</p>
          {canWrite && (
            <Button look="primary" onClick={onCreate}>
              <Plus /> New thread
            </Button>
          )}
        </div>
      )}
    </>
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
