import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { ChatToolEvent } from '#db/schema/chat-tool-events.ts'
import { dayKey } from './moments.ts'

/** One row of the virtual list, in the order in which a person reads. */
export type TimelineRow =
  | { kind: 'start'; key: string }
  | { kind: 'day'; key: string; date: Date; isNew: boolean }
  | { kind: 'new'; key: string; count: number }
  | { kind: 'message'; key: string; message: ChatMessage; startsGroup: boolean; isNew: boolean }
  | { kind: 'tool'; key: string; event: ChatToolEvent; isNew: boolean }
  | { kind: 'end'; key: string }

export interface Ingredients {
  /** By position. */
  messages: readonly ChatMessage[]
  toolEvents: readonly ChatToolEvent[]
  /** What came later, from somebody else, is new. Null: nothing is. */
  newSince: Date | null
  accountId: string
}

const GROUP_PAUSE_MS = 5 * 60_000

/** Messages in their order, tool events between them by their start, days and the "New" mark where they begin. */
export function buildTimeline({ messages, toolEvents, newSince, accountId }: Ingredients): TimelineRow[] {
  const rows: TimelineRow[] = [{ kind: 'start', key: 'start' }]
  const firstNew = firstNewIndex(messages, newSince, accountId)
  let day = ''
  let previous: ChatMessage | undefined
  let isNew = false
  const beginDay = (date: Date) => {
    const key = dayKey(date)
    if (key === day) return
    day = key
    previous = undefined
    // Positions rule the order, not clocks: after a clock was set back a day may begin twice.
    rows.push({ kind: 'day', key: `day ${key} ${rows.length}`, date, isNew })
  }
  const events = [...toolEvents].sort(byStart)
  let next = 0
  const placeEventsBefore = (limit: number) => {
    for (let event = events[next]; event && event.started_at.getTime() < limit; event = events[++next]) {
      beginDay(event.started_at)
      previous = undefined
      rows.push({ kind: 'tool', key: event.id, event, isNew })
    }
  }
  messages.forEach((message, index) => {
    placeEventsBefore(message.created_at.getTime())
    beginDay(message.created_at)
    if (index === firstNew) {
      isNew = true
      previous = undefined
      rows.push({ kind: 'new', key: 'new', count: countNew(messages, index, accountId) })
    }
    rows.push({
      kind: 'message',
      key: message.id,
      message,
      startsGroup: startsGroup(previous, message),
      isNew,
    })
    previous = message
  })
  placeEventsBefore(Number.POSITIVE_INFINITY)
  rows.push({ kind: 'end', key: 'end' })
  return rows
}

/** Rows that say what they said before stay the same objects, so that nothing is rendered again for them. */
export function keepUnchanged(rows: readonly TimelineRow[], before: readonly TimelineRow[]): TimelineRow[] {
  const known = new Map(before.map((row) => [row.key, row]))
  return rows.map((row) => {
    const old = known.get(row.key)
    return old && isSame(old, row) ? old : row
  })
}

function isSame(a: TimelineRow, b: TimelineRow): boolean {
  const theirs: Readonly<Record<string, unknown>> = b
  return Object.entries(a).every(([name, value]) => Object.is(value, theirs[name]))
}

function byStart(a: ChatToolEvent, b: ChatToolEvent): number {
  return a.started_at.getTime() - b.started_at.getTime() || (a.id < b.id ? -1 : 1)
}

function startsGroup(previous: ChatMessage | undefined, message: ChatMessage): boolean {
  if (!previous || previous.removed_at || message.removed_at) return true
  if (previous.author_account_id !== message.author_account_id || previous.role !== message.role) return true
  return message.created_at.getTime() - previous.created_at.getTime() > GROUP_PAUSE_MS
}

function firstNewIndex(messages: readonly ChatMessage[], newSince: Date | null, accountId: string): number {
  if (!newSince) return -1
  return messages.findIndex((message) => isUnread(message, newSince, accountId))
}

function countNew(messages: readonly ChatMessage[], from: number, accountId: string): number {
  let count = 0
  for (let at = from; at < messages.length; at++) {
    const message = messages[at]
    if (message && message.author_account_id !== accountId && !message.removed_at) count++
  }
  return count
}

/** One's own messages and removed ones are never unread. */
export function isUnread(message: ChatMessage, since: Date, accountId: string): boolean {
  return message.author_account_id !== accountId && !message.removed_at && message.created_at > since
}
