import { type KeyboardEvent, useState } from 'react'
import { completeMention, type Mentionable, matchingMembers, mentionQueryAt } from './mentions.ts'

interface Choice {
  members: readonly Mentionable[]
  active: number
  choose: (member: Mentionable) => void
  /** Whether the key was for the list. */
  onKey: (event: KeyboardEvent) => boolean
}

/** Which members the text before the caret could mean, and what the keys do with them. */
export function useMentionChoice(
  text: string,
  caret: number,
  everyone: readonly Mentionable[],
  replace: (text: string, caret: number) => void,
): Choice {
  const [active, setActive] = useState(0)
  const [dismissed, setDismissed] = useState<number>()
  const query = mentionQueryAt(text, caret)
  const isOpen = query !== null && query.start !== dismissed
  const members = isOpen ? matchingMembers(everyone, query.text) : []
  const current = Math.min(active, members.length - 1)

  const choose = (member: Mentionable) => {
    if (!query) return
    const completed = completeMention(text, caret, query, member.display_name)
    setActive(0)
    setDismissed(query.start) // chosen: the next Enter is for the message, also where a longer name begins the same
    replace(completed.text, completed.caret)
  }
  const onKey = (event: KeyboardEvent) => {
    if (dismissed !== undefined && query?.start !== dismissed) setDismissed(undefined)
    const member = members[current]
    if (!member || event.shiftKey) return false
    if (event.key === 'ArrowDown') setActive((current + 1) % members.length)
    else if (event.key === 'ArrowUp') setActive((current + members.length - 1) % members.length)
    else if (event.key === 'Enter' || event.key === 'Tab') choose(member)
    else if (event.key === 'Escape') setDismissed(query?.start)
    else {
      setActive(0)
      return false
    }
    event.preventDefault()
    return true
  }
  return { members, active: current, choose, onKey }
}
