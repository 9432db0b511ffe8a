import { sessions } from '#db/schema/sessions.ts'
import { defineShape } from './define.ts'

export const sessionsShape = defineShape(
  sessions,
  'session',
  [
    'id',
    'owner_account_id',
    'title',
    'agent',
    'native_id',
    'cwd',
    'repository',
    'branch',
    'commit',
    'model',
    'visibility',
    'member_count',
    'thread_count',
    'message_count',
    'last_message_at',
    'started_at',
    'ended_at',
    'archived_at',
    'created_at',
    'updated_at',
  ],
  'id',
)
