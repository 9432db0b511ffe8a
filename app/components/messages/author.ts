import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { SessionMember } from '#db/schema/session-members.ts'

export type MembersById = ReadonlyMap<string, SessionMember>

export interface Author {
  /** What the colour of the avatar comes from. */
  id: string
  name: string
  kind: 'person' | 'assistant' | 'system'
}

const assistant: Author = { id: 'assistant', name: 'Assistant', kind: 'assistant' }
const system: Author = { id: 'system', name: 'System', kind: 'system' }

/** Who wrote a message; those who left the session keep their name. */
export function authorOf(message: ChatMessage, members: MembersById): Author {
  if (message.role === 'assistant') return assistant
  if (message.role === 'system') return system
  const { author_account_id: id } = message
  if (id === null) return { id: 'unrecorded', name: 'Author not recorded', kind: 'person' }
  return { id, name: members.get(id)?.display_name ?? 'Former member', kind: 'person' }
}
