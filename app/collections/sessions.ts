import type { Session } from '#db/schema/sessions.ts'
import type { Binding } from '../sync/synced-collection.ts'
import { type Effects, edit, insertOnce, remove } from './effects.ts'

export const sessions: Binding<Session> = { shape: 'sessions', key: ({ id }) => id }

export const sessionEffects: Effects<
  'sessions.create' | 'sessions.rename' | 'sessions.archive' | 'sessions.remove'
> = {
  'sessions.create': (view, { id, title }, at) =>
    insertOnce(view.inbox, id, {
      account_id: view.accountId,
      session_id: id,
      title,
      last_message_preview: null,
      last_message_author: null,
      last_message_at: null,
      unread_count: 0,
      last_read_at: null,
      pinned: false,
      archived_at: null,
      created_at: at,
      updated_at: at,
    }),
  'sessions.rename': (view, { id, title }) => {
    edit(view.inbox, id, { title })
    edit(view.openSession(id)?.session, id, { title })
  },
  'sessions.archive': (view, { id, archived }, at) => {
    edit(view.inbox, id, { archived_at: archived ? at : null })
    edit(view.openSession(id)?.session, id, { archived_at: archived ? at : null })
  },
  'sessions.remove': (view, { id }) => remove(view.inbox, id),
}
