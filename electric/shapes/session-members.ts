import { sessionMembers } from '#db/schema/session-members.ts'
import { defineShape } from './define.ts'

export const sessionMembersShape = defineShape(sessionMembers, 'session', [
  'session_id',
  'account_id',
  'display_name',
  'role',
  'joined_at',
  'left_at',
  'created_at',
  'updated_at',
])
