import { type SyncSource, syncedCollection } from '../sync/synced-collection.ts'
import { chatMessages } from './chat-messages.ts'
import { chatThreads } from './chat-threads.ts'
import { chatToolEvents } from './chat-tool-events.ts'
import { sessionMembers } from './session-members.ts'
import { sessions } from './sessions.ts'

/** Everything that is read of one session; nothing is asked of the server before somebody looks. */
export function sessionCollections(sessionId: string, source: SyncSource) {
  return {
    session: syncedCollection(sessions, sessionId, source),
    members: syncedCollection(sessionMembers, sessionId, source),
    threads: syncedCollection(chatThreads, sessionId, source),
    messages: syncedCollection(chatMessages, sessionId, source),
    toolEvents: syncedCollection(chatToolEvents, sessionId, source),
  }
}

export type LiveSessionCollections = ReturnType<typeof sessionCollections>
