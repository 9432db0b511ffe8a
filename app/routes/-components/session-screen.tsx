import { Link, useNavigate } from '@tanstack/react-router'
import { useCallback, useEffect, useState } from 'react'
import { useStore, useWorkspace } from '#app/collections/workspace.tsx'
import { SearchDialog } from './search-dialog.tsx'
import { OpenSessionProvider, useOpenSession, useThreads } from './session-context.tsx'
import { TabTitle } from './tab-title.tsx'
import { ThreadPane } from './thread-pane.tsx'
import { ThreadsPane } from './threads-pane.tsx'
import { useIsWide } from './use-is-wide.ts'
import { useShortcut } from './use-shortcut.ts'

interface Props {
  sessionId: string
  threadId?: string | undefined
}

/** A session: its threads and the one that is open. */
export function SessionScreen({ sessionId, threadId }: Props) {
  const ended = useStore(useWorkspace().ended)
  if (ended.includes(sessionId)) return <EndedSession />
  return (
    <OpenSessionProvider key={sessionId} id={sessionId}>
      <OpenSessionScreen threadId={threadId} />
    </OpenSessionProvider>
  )
}

function OpenSessionScreen({ threadId }: { threadId: string | undefined }) {
  const { title } = useOpenSession()
  const [isSearching, setSearching] = useState(false)
  const search = useCallback(() => setSearching(true), [])
  useShortcut('/', search)
  useShortcut('Mod+KeyK', search)
  return (
    <>
      <TabTitle place={title} />
      <LatestThread threadId={threadId} />
      <ThreadsPane />
      {threadId ? (
        <ThreadPane threadId={threadId} onSearch={search} />
      ) : (
        <section className="pane thread-pane" aria-label="Thread">
          <div className="empty centred">
            <h2 className="empty-title">{title ?? 'Session'}</h2>
            <p>Choose a thread, or begin one.</p>
          </div>
        </section>
      )}
      <SearchDialog open={isSearching} onOpenChange={setSearching} />
    </>
  )
}

/** Where there is room for both, the latest thread opens with the list. */
function LatestThread({ threadId }: { threadId: string | undefined }) {
  const { id: sessionId } = useOpenSession()
  const threads = useThreads()
  const navigate = useNavigate()
  const isWide = useIsWide()
  const latest = threads.find((thread) => thread.status === 'active')?.id
  useEffect(() => {
    if (threadId || !isWide || !latest) return
    void navigate({ to: '/s/$sessionId/t/$threadId', params: { sessionId, threadId: latest }, replace: true })
  }, [threadId, isWide, latest, sessionId, navigate])
  return null
}

function EndedSession() {
  return (
    <section className="pane thread-pane" aria-label="Thread">
      <TabTitle />
      <div className="empty centred">
        <h2 className="empty-title">This session is not open to you</h2>
        <p>
          It was deleted, you no longer take part in it, or the link is wrong. Nothing of it is kept here.
        </p>
        <Link to="/" className="button" data-look="primary">
          See your sessions
        </Link>
      </div>
    </section>
  )
}
