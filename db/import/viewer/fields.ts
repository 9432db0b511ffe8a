import type { CitedEvent, Evidence } from '../../schema/chat-messages.ts'
import { type LegacyFields, shown } from '../legacy-fields.ts'
import { UNBOUND } from './sessions.ts'

export const MODES = ['session', 'general'] as const

/** The old session id; records without one go where the old viewer put logs without a path. */
export function sessionIdOf(fields: LegacyFields): string {
  const value = fields.get('sessionId')
  if (typeof value === 'string' && value !== '') return value
  fields.note(`sessionId ${shown(value)} is no session: put into ${UNBOUND}`)
  return UNBOUND
}

export function evidenceOf(item: Record<string, unknown>): Evidence | null {
  return textsOf(item, ['path', 'ruleId', 'snippet', 'severity', 'label'])
}

export function citedEventOf(item: Record<string, unknown>): CitedEvent | null {
  const { eventIndex, displayIndex } = item
  if (typeof eventIndex !== 'number' || !Number.isSafeInteger(eventIndex)) return null
  return {
    eventIndex,
    ...(Number.isSafeInteger(displayIndex) ? { displayIndex: Number(displayIndex) } : {}),
    ...textsOf(item, ['eventId', 'eventType', 'summary']),
  }
}

function textsOf<K extends string>(item: Record<string, unknown>, names: K[]): { [P in K]?: string } {
  const texts: { [P in K]?: string } = {}
  for (const name of names) {
    const value = item[name]
    if (typeof value === 'string') texts[name] = value
  }
  return texts
}
