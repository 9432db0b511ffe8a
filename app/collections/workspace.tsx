import type { Collection, NonSingleResult } from '@tanstack/react-db'
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import type { MutationInput, MutationName } from '#db/inputs/index.ts'
import type { Account } from '#db/schema/accounts.ts'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { ChatThread } from '#db/schema/chat-threads.ts'
import type { ChatToolEvent } from '#db/schema/chat-tool-events.ts'
import type { InboxEntry } from '#db/schema/inbox-entries.ts'
import type { SessionMember } from '#db/schema/session-members.ts'
import type { Session } from '#db/schema/sessions.ts'
import type { ConnectionState } from '../sync/connection-state.ts'
import type { MutationError } from '../sync/mutation-doors.ts'
import type { Store } from '../sync/store.ts'

export type { ConnectionState } from '../sync/connection-state.ts'
export { type MutationError, MutationRefused } from '../sync/mutation-doors.ts'

/** Rows of one shape, kept equal to Postgres by the stream, with this tab's unconfirmed changes on top. */
export type Rows<T extends object> = Collection<T, string | number> & NonSingleResult

export interface SessionCollections {
  /** One row, keyed by its id. */
  session: Rows<Session>
  /** Keyed by account id; those who left have `left_at`. */
  members: Rows<SessionMember>
  threads: Rows<ChatThread>
  /** A message not confirmed yet sorts last by its `position`, and has its final id. */
  messages: Rows<ChatMessage>
  toolEvents: Rows<ChatToolEvent>
}

/** A change that Postgres has not confirmed, or that was refused and waits for the person to decide. */
export interface UnsentMutation<Name extends MutationName = MutationName> {
  id: string
  name: Name
  input: MutationInput<Name>
  created_at: Date
  state: 'pending' | 'failed'
  error?: MutationError
}

export interface StartedMutation {
  /** The mutation's id; for messages the row's id is in the input. */
  id: string
  /** Settles when nothing that happens to this page can lose the change any more. */
  kept: Promise<void>
  /** Settles when the confirmed row is on the screen; rejects with a MutationRefused. Need not be awaited. */
  done: Promise<void>
}

/** Everything one account reads and writes in this tab. */
export interface Workspace {
  accountId: string
  /** One row: the account itself. */
  account: Rows<Account>
  /** The account's sessions, keyed by session id. */
  inbox: Rows<InboxEntry>
  /** The collections of a session: made on first use, stopped when nothing has looked at them for a minute. */
  session(sessionId: string): SessionCollections
  /** Sessions that this account may not read (any more): leave their screens. A session joined again is taken off. */
  ended: Store<readonly string[]>
  /** The server does not know this account's sign-in any more: ask for it again. */
  signedOut: Store<boolean>
  /** The release that the server runs, as far as it has said: another than this page's means reload when convenient. */
  serverBuild: Store<string | null>
  /**
   * Shows the change at once, keeps it in the outbox until Postgres has it.
   * @throws MutationRefused `invalid` when the input does not satisfy its schema.
   */
  mutate<Name extends MutationName>(name: Name, input: MutationInput<Name>): StartedMutation
  unsent: Store<readonly UnsentMutation[]>
  /** Sends a failed one again. */
  retry(mutationId: string): void
  /** Forgets a failed one; its row goes from the screen. */
  discard(mutationId: string): void
  connection: Store<ConnectionState>
  /** Whether unsent changes survive closing the tab: false where IndexedDB is not available. */
  durable: Store<boolean>
  /** Stops all streams and forgets all rows. Unsent changes stay in the outbox for the account's next visit. */
  dispose(): Promise<void>
}

const WorkspaceContext = createContext<Workspace | null>(null)

/** Makes the workspace of an account on mount and disposes of it on unmount; render it on the client only. */
export function WorkspaceProvider({ open, children }: { open: () => Workspace; children: ReactNode }) {
  const [workspace, setWorkspace] = useState<Workspace | null>(null)
  useEffect(() => {
    const opened = open()
    setWorkspace(opened)
    return () => void opened.dispose()
  }, [open])
  return workspace && <WorkspaceContext value={workspace}>{children}</WorkspaceContext>
}

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext)
  if (!workspace) throw new Error('useWorkspace needs a WorkspaceProvider above it.')
  return workspace
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot)
}
