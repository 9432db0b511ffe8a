import { useLayoutEffect, useMemo, useRef } from 'react'
import {
  buildTimeline,
  type Ingredients,
  keepUnchanged,
  type TimelineRow,
} from '#app/components/messages/timeline.ts'

/** The rows of a thread, of which only those that changed are new objects. */
export function useTimeline({ messages, toolEvents, newSince, accountId }: Ingredients): TimelineRow[] {
  const shown = useRef<readonly TimelineRow[]>([])
  const rows = useMemo(
    () => keepUnchanged(buildTimeline({ messages, toolEvents, newSince, accountId }), shown.current),
    [messages, toolEvents, newSince, accountId],
  )
  useLayoutEffect(() => {
    shown.current = rows
  }, [rows])
  return rows
}
