import { useLiveQuery } from '@tanstack/react-db'
import { useEffect } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { groupSessions } from '#app/components/sessions/session-order.ts'
import { tabTitle } from '#app/components/sessions/tab-title.ts'

/** Says in the tab what is unread, over all sessions. */
export function useTabTitle(place?: string): void {
  const { data: inbox } = useLiveQuery(useWorkspace().inbox)
  const { unread } = groupSessions(inbox)
  useEffect(() => {
    document.title = tabTitle(unread, place)
  }, [unread, place])
}
