import { type LegacyFields, shown } from '../legacy-fields.ts'
import type { PlannedRow, ThreadValues } from '../plan.ts'
import { cleanTitle } from '../titles.ts'
import { MODES, sessionIdOf } from './fields.ts'
import { DEFAULT_TITLES, recoveredTitle, type ViewerPlaces } from './places.ts'

export function planThread(fields: LegacyFields, legacyId: string, places: ViewerPlaces): PlannedRow {
  const at = fields.moment(['createdAt', 'updatedAt', 'lastMessageAt'], { value: places.now, words: 'now' })
  const session_id = places.session(sessionIdOf(fields), at)
  const mode = fields.oneOf('mode', MODES, 'session')
  const values: ThreadValues = {
    id: places.threadId(session_id, legacyId),
    session_id,
    mode,
    title: titleOf(fields, DEFAULT_TITLES[mode]),
    status: fields.oneOf('status', ['active', 'archived'], 'active'),
    created_by_account_id: places.accountId,
    created_at: at,
  }
  places.describe(legacyId, values)
  return { table: 'chat_threads', values, recoveredAs: recoveredTitle(legacyId) }
}

function titleOf(fields: LegacyFields, otherwise: string): string {
  const value = fields.get('title')
  const { title, changed } = cleanTitle(typeof value === 'string' ? value : '')
  if (title === '') fields.note(`title ${shown(value)} is none: “${otherwise}” taken`)
  else if (changed) fields.note('title shortened or put on one line')
  return title === '' ? otherwise : title
}
