import { createFileRoute, useParams } from '@tanstack/react-router'
import { SessionScreen } from '../-components/session-screen.tsx'

/** With or without a thread open it is one screen, so that going from thread to thread follows no row anew. */
export const Route = createFileRoute('/_workspace/s/$sessionId')({ component: OpenSession })

function OpenSession() {
  const { sessionId } = Route.useParams()
  const { threadId } = useParams({ strict: false })
  return <SessionScreen sessionId={sessionId} threadId={threadId} />
}
