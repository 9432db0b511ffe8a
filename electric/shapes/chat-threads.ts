import { chatThreads } from '#db/schema/chat-threads.ts'
import { defineShape } from './define.ts'

export const chatThreadsShape = defineShape(chatThreads, 'session', [
  'id',
  'session_id',
  'mode',
  'title',
  'status',
  'created_by_account_id',
  'last_position',
  'message_count',
  'last_message_preview',
  'last_message_at',
  'created_at',
  'updated_at',
])
