import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { Binding } from '../sync/synced-collection.ts'
import { type Effects, edit, holding, insertOnce } from './effects.ts'

export const chatMessages: Binding<ChatMessage> = { shape: 'chat_messages', key: ({ id }) => id }

let sent = 0

/** After everything that Postgres has given a position, in the order of sending. */
function unconfirmedPosition(at: Date): number {
  return at.getTime() * 1000 + (sent++ % 1000)
}

export const chatMessageEffects: Effects<
  'chat_messages.send' | 'chat_messages.edit' | 'chat_messages.remove'
> = {
  'chat_messages.send': (view, { id, session_id, thread_id, content, mentions = [] }, at) =>
    insertOnce(view.openSession(session_id)?.messages, id, {
      id,
      session_id,
      thread_id,
      position: unconfirmedPosition(at),
      author_account_id: view.accountId,
      role: 'user',
      content,
      mentions,
      evidence: null,
      cited_events: null,
      client_message_id: null,
      misalignment_id: null,
      edited_at: null,
      removed_at: null,
      created_at: at,
      updated_at: at,
    }),
  'chat_messages.edit': (view, { id, content, mentions = [] }, at) =>
    edit(holding(view, 'messages', id), id, { content, mentions, edited_at: at }),
  'chat_messages.remove': (view, { id }, at) =>
    edit(holding(view, 'messages', id), id, {
      content: '',
      mentions: [],
      evidence: null,
      cited_events: null,
      removed_at: at,
    }),
}
