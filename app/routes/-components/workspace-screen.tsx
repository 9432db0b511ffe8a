import { useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { SessionsPane } from './sessions-pane.tsx'

/** The sessions beside whatever is open; on a narrow screen one of them at a time. */
export function WorkspaceScreen({ children }: { children: ReactNode }) {
  const { sessionId, threadId } = useParams({ strict: false })
  const pane = threadId ? 'thread' : sessionId ? 'threads' : 'sessions'
  return (
    <main className="workspace" data-pane={pane}>
      <h1 className="visually-hidden">Throughline</h1>
      <SessionsPane />
      {children}
    </main>
  )
}
