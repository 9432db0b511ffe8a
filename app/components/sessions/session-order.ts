import type { InboxEntry } from '#db/schema/inbox-entries.ts'

export interface SessionGroups {
  pinned: InboxEntry[]
  recent: InboxEntry[]
  archived: InboxEntry[]
  /** Over all that are not archived. */
  unread: number
}

/** The session list as it is shown: pinned ones first, the latest on top, archived ones apart. */
export function groupSessions(entries: readonly InboxEntry[]): SessionGroups {
  const sorted = entries.toSorted((a, b) => latest(b) - latest(a) || (a.session_id < b.session_id ? 1 : -1))
  const active = sorted.filter((entry) => entry.archived_at === null)
  return {
    pinned: active.filter((entry) => entry.pinned),
    recent: active.filter((entry) => !entry.pinned),
    archived: sorted.filter((entry) => entry.archived_at !== null),
    unread: active.reduce((sum, entry) => sum + entry.unread_count, 0),
  }
}

function latest(entry: InboxEntry): number {
  return (entry.last_message_at ?? entry.created_at).getTime()
}
