import type { MutationName } from '#db/inputs/index.ts'

const sentences: Record<MutationName, string> = {
  'accounts.rename': 'Change your name',
  'chat_messages.edit': 'Edit a message',
  'chat_messages.remove': 'Remove a message',
  'chat_messages.send': 'Send a message',
  'chat_threads.archive': 'Archive or restore a thread',
  'chat_threads.create': 'Create a thread',
  'chat_threads.remove': 'Remove a thread',
  'chat_threads.rename': 'Rename a thread',
  'chat_tool_events.fail': 'Record that a tool failed',
  'chat_tool_events.start': 'Record that a tool started',
  'chat_tool_events.succeed': 'Record that a tool succeeded',
  'inbox_entries.markRead': 'Mark messages as read',
  'inbox_entries.pin': 'Pin or unpin a session',
  'invitations.create': 'Create an invitation',
  'invitations.revoke': 'Revoke an invitation',
  'session_members.changeRole': 'Change a role',
  'session_members.handOver': 'Hand a session over',
  'session_members.join': 'Join a session',
  'session_members.leave': 'Leave a session',
  'session_members.remove': 'Remove a person',
  'sessions.archive': 'Archive or restore a session',
  'sessions.create': 'Create a session',
  'sessions.remove': 'Delete a session',
  'sessions.rename': 'Rename a session',
}

interface Change {
  name: MutationName
  input: object
}

/** A change in words, with what names it: the text of a message, the title of a thread. */
export function describeChange({ name, input }: Change): { does: string; detail: string | undefined } {
  const detail = Object.entries(input).find(([key]) =>
    ['content', 'title', 'display_name'].includes(key),
  )?.[1]
  return { does: sentences[name], detail: typeof detail === 'string' ? detail : undefined }
}
