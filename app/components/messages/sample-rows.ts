import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { ChatToolEvent } from '#db/schema/chat-tool-events.ts'

const epoch = new Date(2026, 10, 20, 9, 0)

/** Rows for tests of what is computed from them; every field can be overridden. */
export function sampleMessage(fields: Partial<ChatMessage> & { id: string }): ChatMessage {
  return {
    session_id: 's',
    thread_id: 't',
    position: 1,
    author_account_id: 'ada',
    role: 'user',
    content: fields.id,
    mentions: [],
    evidence: null,
    cited_events: null,
    client_message_id: null,
    misalignment_id: null,
    edited_at: null,
    removed_at: null,
    created_at: epoch,
    updated_at: epoch,
    ...fields,
  }
}

export function sampleToolEvent(fields: Partial<ChatToolEvent> & { id: string }): ChatToolEvent {
  return {
    session_id: 's',
    thread_id: 't',
    tool_call_id: null,
    tool_name: 'read_file',
    arguments: {},
    status: 'succeeded',
    result: null,
    error: null,
    cited_events: null,
    created_by_account_id: null,
    started_at: epoch,
    completed_at: epoch,
    latency_ms: 1,
    created_at: epoch,
    updated_at: epoch,
    ...fields,
  }
}
