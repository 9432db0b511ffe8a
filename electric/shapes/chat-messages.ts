import { chatMessages } from '#db/schema/chat-messages.ts'
import { defineShape } from './define.ts'

export const chatMessagesShape = defineShape(chatMessages, 'session', [
  'id',
  'session_id',
  'thread_id',
  'position',
  'author_account_id',
  'role',
  'content',
  'mentions',
  'evidence',
  'cited_events',
  'client_message_id',
  'misalignment_id',
  'edited_at',
  'removed_at',
  'created_at',
  'updated_at',
])
