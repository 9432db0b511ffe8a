import { type SyncSource, syncedCollection } from '../sync/synced-collection.ts'
import { chatMessages } from './chat-messages.ts'
import { chatThreads } from './chat-threads.ts'
import { chatToolEvents } from './chat-tool-events.ts'
import { sessionMembers } from './session-members.ts'
import { sessions } from './sessions.ts'

export type LiveSessionCollections = ReturnType<typeof sessionCollections>

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

/** The same by the names that the server uses. */
export function byShape({ session, members, threads, messages, toolEvents }: LiveSessionCollections) {
  return {
    sessions: session,
    session_members: members,
    chat_threads: threads,
    chat_messages: messages,
    chat_tool_events: toolEvents,
  }
}
