import { useLiveQuery } from '@tanstack/react-db'
import { createContext, type ReactNode, useContext, useMemo } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import type { InboxEntry } from '#db/schema/inbox-entries.ts'
import type { MemberRole, SessionMember } from '#db/schema/session-members.ts'
import type { Session } from '#db/schema/sessions.ts'

/** The rows of the session that is open, as every part of its screen reads them. */
export interface OpenSession {
  id: string
  session: Session | undefined
  inboxEntry: InboxEntry | undefined
  /** Everybody who ever took part: old messages keep their author's name. */
  membersById: ReadonlyMap<string, SessionMember>
  /** Those who take part now. */
  members: readonly SessionMember[]
  role: MemberRole | undefined
  threads: readonly ChatThread[]
  messages: readonly ChatMessage[]
  isReady: boolean
  hasMessages: boolean
}

const SessionContext = createContext<OpenSession | null>(null)

export function useOpenSession(): OpenSession {
  const open = useContext(SessionContext)
  if (!open) throw new Error('useOpenSession needs an OpenSessionProvider above it.')
  return open
}

/** Follows the session's rows once for all parts of its screen. */
export function OpenSessionProvider({ id, children }: { id: string; children: ReactNode }) {
  const workspace = useWorkspace()
  const collections = workspace.session(id)
  const { data: sessions } = useLiveQuery(collections.session)
  const { data: everybody, isReady: hasMembers } = useLiveQuery(collections.members)
  const { data: threadRows, isReady: hasThreads } = useLiveQuery(collections.threads)
  const { data: messages, isReady: hasMessages } = useLiveQuery(collections.messages)
  const { data: inbox } = useLiveQuery(workspace.inbox)

  const people = useMemo(() => peopleOf(everybody, workspace.accountId), [everybody, workspace.accountId])
  const threads = useMemo(() => threadRows.toSorted(byLastMessage), [threadRows])
  const value = useMemo<OpenSession>(
    () => ({
      id,
      session: sessions[0],
      inboxEntry: inbox.find((entry) => entry.session_id === id),
      ...people,
      threads,
      messages,
      isReady: hasMembers && hasThreads,
      hasMessages,
    }),
    [id, sessions, inbox, people, threads, messages, hasMembers, hasThreads, hasMessages],
  )
  return <SessionContext value={value}>{children}</SessionContext>
}

const rank: Record<MemberRole, number> = { owner: 0, editor: 1, viewer: 2 }

export function peopleOf(everybody: readonly SessionMember[], accountId: string) {
  const membersById = new Map(everybody.map((member) => [member.account_id, member]))
  const members = everybody
    .filter((member) => member.left_at === null)
    .sort((a, b) => rank[a.role] - rank[b.role] || a.display_name.localeCompare(b.display_name))
  const me = membersById.get(accountId)
  return { membersById, members, role: me && me.left_at === null ? me.role : undefined }
}

function byLastMessage(a: ChatThread, b: ChatThread): number {
  const at = (thread: ChatThread) => (thread.last_message_at ?? thread.created_at).getTime()
  return at(b) - at(a) || (a.id < b.id ? 1 : -1)
}
