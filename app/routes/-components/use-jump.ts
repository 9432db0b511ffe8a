import { useLocation } from '@tanstack/react-router'
import { type RefObject, useEffect, useRef, useState } from 'react'
import type { MessageListHandle } from '#app/components/messages/message-list.tsx'
import type { TimelineRow } from '#app/components/messages/timeline.ts'

const FLASH_MS = 2000

/** Goes to the message that the address names in its fragment, and makes it stand out for a moment. */
export function useJump(list: RefObject<MessageListHandle | null>, rows: readonly TimelineRow[]) {
  const location = useLocation()
  const target = location.hash
  // The same link followed twice is two visits.
  const visit = `${location.state.__TSR_key ?? ''} ${target}`
  const [flashing, setFlashing] = useState<string>()
  const visited = useRef<string>(undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows may hold what the last ones did not.
  useEffect(() => {
    if (!target || visited.current === visit) return
    if (!list.current?.scrollToRow(target)) return // not loaded yet: the next rows may have it
    visited.current = visit
    setFlashing(target)
  }, [target, visit, rows, list])
  useEffect(() => {
    if (flashing === undefined) return
    const timer = setTimeout(() => setFlashing(undefined), FLASH_MS)
    return () => clearTimeout(timer)
  }, [flashing])
  return { flashing, startsAtTarget: rows.some((row) => row.key === target) ? target : undefined }
}
