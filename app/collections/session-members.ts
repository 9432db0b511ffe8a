import type { SessionMember } from '#db/schema/session-members.ts'
import type { Binding } from '../sync/synced-collection.ts'
import { type Effects, edit, remove } from './effects.ts'

/** Keyed by account within one session: the collection holds that session's rows only. */
export const sessionMembers: Binding<SessionMember> = {
  shape: 'session_members',
  key: ({ account_id }) => account_id,
}

export const sessionMemberEffects: Effects<
  | 'session_members.changeRole'
  | 'session_members.handOver'
  | 'session_members.leave'
  | 'session_members.remove'
> = {
  'session_members.changeRole': (view, { session_id, account_id, role }) =>
    edit(view.openSession(session_id)?.members, account_id, { role }),
  'session_members.handOver': (view, { session_id, account_id }) => {
    edit(view.openSession(session_id)?.members, account_id, { role: 'owner' })
    edit(view.openSession(session_id)?.members, view.accountId, { role: 'editor' })
  },
  'session_members.leave': (view, { session_id }) => remove(view.inbox, session_id),
  'session_members.remove': (view, { session_id, account_id }, at) =>
    edit(view.openSession(session_id)?.members, account_id, { left_at: at }),
}
