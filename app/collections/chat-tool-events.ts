import type { ChatToolEvent } from '#db/schema/chat-tool-events.ts'
import type { Binding } from '../sync/synced-collection.ts'
import { type Effects, edit, holding, insertOnce } from './effects.ts'

export const chatToolEvents: Binding<ChatToolEvent> = { shape: 'chat_tool_events', key: ({ id }) => id }

export const chatToolEventEffects: Effects<
  'chat_tool_events.start' | 'chat_tool_events.succeed' | 'chat_tool_events.fail'
> = {
  'chat_tool_events.start': (view, input, at) =>
    insertOnce(view.openSession(input.session_id)?.toolEvents, input.id, {
      ...input,
      tool_call_id: input.tool_call_id ?? null,
      status: 'executing',
      result: null,
      error: null,
      cited_events: null,
      created_by_account_id: view.accountId,
      started_at: at,
      completed_at: null,
      latency_ms: null,
      created_at: at,
      updated_at: at,
    }),
  'chat_tool_events.succeed': (view, { id, result }, at) =>
    edit(holding(view, 'toolEvents', id), id, { status: 'succeeded', result, completed_at: at }),
  'chat_tool_events.fail': (view, { id, error }, at) =>
    edit(holding(view, 'toolEvents', id), id, { status: 'failed', error, completed_at: at }),
}
