import type { JsonElement } from './json-array.ts'
import type { ImportPlan } from './plan.ts'
import { planRecords } from './planned-records.ts'
import { asRead, planMessage, withoutRepeats } from './viewer/messages.ts'
import { ViewerPlaces } from './viewer/places.ts'
import { planThread } from './viewer/threads.ts'
import { planToolEvent } from './viewer/tool-events.ts'

export const VIEWER_FILES = {
  messages: 'chat-messages.json',
  threads: 'chat-threads.json',
  toolEvents: 'chat-tool-events.json',
} as const

export type ViewerRecords = Record<keyof typeof VIEWER_FILES, JsonElement[]>

/**
 * What the records of the legacy viewer become. Depends on nothing but its arguments: every run plans the same.
 * @param owner gets the sessions and wrote what "user" says; `now` stands in where a record holds no time at all.
 */
export function planViewer(records: ViewerRecords, owner: { accountId: string; now: Date }): ImportPlan {
  const places = new ViewerPlaces(owner.accountId, owner.now)
  // Threads first: the others look for theirs among them.
  const threads = planRecords('thread', records.threads, (fields, id) => planThread(fields, id, places))
  const messages = planRecords('message', records.messages, (fields, id) => planMessage(fields, id, places))
  const events = planRecords('tool_event', records.toolEvents, (fields, id) => {
    return planToolEvent(fields, id, places)
  })
  return {
    source: 'viewer',
    sessions: places.sessions,
    extraThreads: places.extraThreads,
    records: [...threads, ...withoutRepeats(asRead(messages)), ...events],
  }
}
