import type { ChatThread } from '#db/schema/chat-threads.ts'
import type { Binding } from '../sync/synced-collection.ts'
import { type Effects, edit, holding, insertOnce, remove } from './effects.ts'

export const chatThreads: Binding<ChatThread> = { shape: 'chat_threads', key: ({ id }) => id }

export const chatThreadEffects: Effects<
  'chat_threads.create' | 'chat_threads.rename' | 'chat_threads.archive' | 'chat_threads.remove'
> = {
  'chat_threads.create': (view, { id, session_id, mode, title }, at) =>
    insertOnce(view.openSession(session_id)?.threads, id, {
      id,
      session_id,
      mode,
      title,
      status: 'active',
      created_by_account_id: view.accountId,
      last_position: 0,
      message_count: 0,
      last_message_preview: null,
      last_message_at: null,
      created_at: at,
      updated_at: at,
    }),
  'chat_threads.rename': (view, { id, title }) => edit(holding(view, 'threads', id), id, { title }),
  'chat_threads.archive': (view, { id, archived }) =>
    edit(holding(view, 'threads', id), id, { status: archived ? 'archived' : 'active' }),
  'chat_threads.remove': (view, { id }) => remove(holding(view, 'threads', id), id),
}
