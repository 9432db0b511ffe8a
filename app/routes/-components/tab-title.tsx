import { useEffect } from 'react'
import { groupSessions } from '#app/components/sessions/session-order.ts'
import { tabTitle } from '#app/components/sessions/tab-title.ts'
import { useInbox } from './seen.ts'

/** Says in the tab what is unread, over all sessions. */
export function TabTitle({ place }: { place?: string | undefined }) {
  const { entries } = useInbox()
  const { unread } = groupSessions(entries)
  useEffect(() => {
    document.title = tabTitle(unread, place)
  }, [unread, place])
  return null
}
