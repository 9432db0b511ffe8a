import { useLiveQuery } from '@tanstack/react-db'
import { type Context, createContext, type ReactNode, useContext, useMemo } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import type { InboxEntry } from '#db/schema/inbox-entries.ts'
import type { MemberRole, SessionMember } from '#db/schema/session-members.ts'
import type { Session } from '#db/schema/sessions.ts'
import { useColumns } from './use-columns.ts'

// One message changes rows of four shapes. Each has a context of its own, so that a part of the screen is rendered for
// what it shows and for nothing else.

/** What every part of the screen knows of the open session; the same object while messages come and go. */
export interface OpenSession {
  id: string
  /** From the list of sessions until the session itself has arrived. */
  title: string | undefined
  session: SessionHead | undefined
  isReady: boolean
  hasMessages: boolean
  hasInboxEntry: boolean
}

const headColumns = ['id', 'title', 'agent', 'model', 'repository', 'branch', 'cwd'] as const
export type SessionHead = Pick<Session, (typeof headColumns)[number]>

export interface People {
  /** Everybody who ever took part: old messages keep their author's name. */
  membersById: ReadonlyMap<string, SessionMember>
  /** Those who take part now. */
  members: readonly SessionMember[]
  role: MemberRole | undefined
}

const SessionContext = createContext<OpenSession | null>(null)
const PeopleContext = createContext<People | null>(null)
const ThreadsContext = createContext<readonly ChatThread[] | null>(null)
const MessagesContext = createContext<readonly ChatMessage[] | null>(null)
const InboxEntryContext = createContext<{ entry: InboxEntry | undefined } | null>(null)

function useProvided<T>(context: Context<T | null>): T {
  const value = useContext(context)
  if (!value) throw new Error('This needs an OpenSessionProvider above it.')
  return value
}

export const useOpenSession = (): OpenSession => useProvided(SessionContext)
export const usePeople = (): People => useProvided(PeopleContext)
/** The latest first. */
export const useThreads = (): readonly ChatThread[] => useProvided(ThreadsContext)
/** Those of all threads. */
export const useSessionMessages = (): readonly ChatMessage[] => useProvided(MessagesContext)
export const useInboxEntry = (): InboxEntry | undefined => useProvided(InboxEntryContext).entry

/** Follows the session's rows once for all parts of its screen. */
export function OpenSessionProvider({ id, children }: { id: string; children: ReactNode }) {
  const workspace = useWorkspace()
  const collections = workspace.session(id)
  const { data: sessions } = useLiveQuery(collections.session)
  const { data: everybody, isReady: hasMembers } = useLiveQuery(collections.members)
  const { data: threadRows, isReady: hasThreads } = useLiveQuery(collections.threads)
  const { data: messages, isReady: hasAllMessages } = useLiveQuery(collections.messages)
  const { data: inbox } = useLiveQuery(workspace.inbox)

  const people = useMemo(() => peopleOf(everybody, workspace.accountId), [everybody, workspace.accountId])
  const threads = useMemo(() => threadRows.toSorted(byLastMessage), [threadRows])
  const entry = inbox.find((each) => each.session_id === id)
  const inboxEntry = useMemo(() => ({ entry }), [entry])
  const session = useColumns(sessions[0], headColumns)
  const title = session?.title ?? entry?.title
  const isReady = hasMembers && hasThreads
  const hasMessages = hasAllMessages || messages.length > 0
  const hasInboxEntry = entry !== undefined
  const open = useMemo<OpenSession>(
    () => ({ id, title, session, isReady, hasMessages, hasInboxEntry }),
    [id, title, session, isReady, hasMessages, hasInboxEntry],
  )
  return (
    <SessionContext value={open}>
      <PeopleContext value={people}>
        <ThreadsContext value={threads}>
          <InboxEntryContext value={inboxEntry}>
            <MessagesContext value={messages}>{children}</MessagesContext>
          </InboxEntryContext>
        </ThreadsContext>
      </PeopleContext>
    </SessionContext>
  )
}

const rank: Record<MemberRole, number> = { owner: 0, editor: 1, viewer: 2 }

export function peopleOf(everybody: readonly SessionMember[], accountId: string): People {
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
