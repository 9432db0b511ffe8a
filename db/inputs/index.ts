import type * as z from 'zod/mini'
import { renameAccount } from './accounts.ts'
import { editMessage, removeMessage, sendMessage } from './chat-messages.ts'
import { archiveThread, createThread, removeThread, renameThread } from './chat-threads.ts'
import { failToolEvent, startToolEvent, succeedToolEvent } from './chat-tool-events.ts'
import { markRead, pinSession } from './inbox-entries.ts'
import { createInvitation, revokeInvitation } from './invitations.ts'
import {
  changeMemberRole,
  handOverSession,
  joinSession,
  leaveSession,
  removeMember,
} from './session-members.ts'
import { archiveSession, createSession, removeSession, renameSession } from './sessions.ts'

/** Every mutation by its stable name. The names are a public interface: outboxes hold them across releases. */
export const mutationInputs = {
  'accounts.rename': renameAccount,
  'chat_messages.edit': editMessage,
  'chat_messages.remove': removeMessage,
  'chat_messages.send': sendMessage,
  'chat_threads.archive': archiveThread,
  'chat_threads.create': createThread,
  'chat_threads.remove': removeThread,
  'chat_threads.rename': renameThread,
  'chat_tool_events.fail': failToolEvent,
  'chat_tool_events.start': startToolEvent,
  'chat_tool_events.succeed': succeedToolEvent,
  'inbox_entries.markRead': markRead,
  'inbox_entries.pin': pinSession,
  'invitations.create': createInvitation,
  'invitations.revoke': revokeInvitation,
  'session_members.changeRole': changeMemberRole,
  'session_members.handOver': handOverSession,
  'session_members.join': joinSession,
  'session_members.leave': leaveSession,
  'session_members.remove': removeMember,
  'sessions.archive': archiveSession,
  'sessions.create': createSession,
  'sessions.remove': removeSession,
  'sessions.rename': renameSession,
} as const

export type MutationName = keyof typeof mutationInputs
export type MutationInput<Name extends MutationName> = z.output<(typeof mutationInputs)[Name]>

/** The answer to a mutation; the same for both doors. */
export interface MutationAnswer {
  /** 32-bit transaction id to wait for in the shape `awaits`; null: nothing to wait for, settle now. */
  txid: number | null
  awaits: ShapeName | null
}

export type ShapeName =
  | 'accounts'
  | 'chat_messages'
  | 'chat_threads'
  | 'chat_tool_events'
  | 'inbox_entries'
  | 'session_members'
  | 'sessions'
