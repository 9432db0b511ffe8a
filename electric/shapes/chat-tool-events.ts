import { chatToolEvents } from '#db/schema/chat-tool-events.ts'
import { defineShape } from './define.ts'

export const chatToolEventsShape = defineShape(chatToolEvents, 'session', [
  'id',
  'session_id',
  'thread_id',
  'tool_call_id',
  'tool_name',
  'arguments',
  'status',
  'result',
  'error',
  'cited_events',
  'created_by_account_id',
  'started_at',
  'completed_at',
  'latency_ms',
  'created_at',
  'updated_at',
])
