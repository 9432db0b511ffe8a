import { useEffect, useRef, useState } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { authorOf } from '#app/components/messages/author.ts'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { usePeople } from './session-context.tsx'

const MAX_SPOKEN = 200

/** Tells screen readers what others have just said; the list itself is silent, because it changes while it scrolls. */
export function Announcer({ messages }: { messages: readonly ChatMessage[] }) {
  const { accountId } = useWorkspace()
  const { membersById } = usePeople()
  const [said, setSaid] = useState('')
  const last = messages.at(-1)
  const known = useRef(last?.id)
  useEffect(() => {
    if (!last || known.current === last.id) return
    known.current = last.id
    if (last.author_account_id === accountId || last.removed_at) return
    setSaid(`${authorOf(last, membersById).name}: ${last.content.slice(0, MAX_SPOKEN)}`)
  }, [last, accountId, membersById])
  return (
    <div className="visually-hidden" aria-live="polite">
      {said}
    </div>
  )
}
