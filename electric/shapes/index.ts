import type { ShapeName } from '#db/inputs/index.ts'
import { accountsShape } from './accounts.ts'
import { chatMessagesShape } from './chat-messages.ts'
import { chatThreadsShape } from './chat-threads.ts'
import { chatToolEventsShape } from './chat-tool-events.ts'
import type { Shape } from './define.ts'
import { inboxEntriesShape } from './inbox-entries.ts'
import { sessionMembersShape } from './session-members.ts'
import { sessionsShape } from './sessions.ts'

export type { Scope, Shape } from './define.ts'

/** Everything a browser can read. What is not here cannot be read, whatever is asked. */
export const shapes: Readonly<Record<ShapeName, Shape>> = {
  accounts: accountsShape,
  chat_messages: chatMessagesShape,
  chat_threads: chatThreadsShape,
  chat_tool_events: chatToolEventsShape,
  inbox_entries: inboxEntriesShape,
  session_members: sessionMembersShape,
  sessions: sessionsShape,
}

export function shapeNamed(name: string): Shape | undefined {
  return Object.hasOwn(shapes, name) ? shapes[name as ShapeName] : undefined // hasOwn makes the cast true
}
