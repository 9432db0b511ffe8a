import { expect, test } from 'vitest'
import type { InboxEntry } from '#db/schema/inbox-entries.ts'
import { groupSessions } from './session-order.ts'

const at = (hour: number) => new Date(2026, 10, 20, hour)

function entry(session_id: string, fields: Partial<InboxEntry> = {}): InboxEntry {
  return {
    account_id: 'me',
    session_id,
    title: session_id,
    last_message_preview: null,
    last_message_author: null,
    last_message_at: null,
    unread_count: 0,
    last_read_at: null,
    pinned: false,
    archived_at: null,
    created_at: at(8),
    updated_at: at(8),
    ...fields,
  }
}

const ids = (entries: InboxEntry[]) => entries.map((each) => each.session_id)

test('the latest message comes first; a session without one counts from its beginning', () => {
  const groups = groupSessions([
    entry('old', { last_message_at: at(9) }),
    entry('empty', { created_at: at(10) }),
    entry('new', { last_message_at: at(11) }),
  ])
  expect(ids(groups.recent)).toEqual(['new', 'empty', 'old'])
})

test('pinned sessions stand apart unless they are archived', () => {
  const groups = groupSessions([
    entry('pinned', { pinned: true }),
    entry('both', { pinned: true, archived_at: at(9) }),
    entry('plain'),
  ])
  expect(ids(groups.pinned)).toEqual(['pinned'])
  expect(ids(groups.recent)).toEqual(['plain'])
  expect(ids(groups.archived)).toEqual(['both'])
})

test('archived sessions do not count as unread', () => {
  const groups = groupSessions([
    entry('a', { unread_count: 2 }),
    entry('b', { unread_count: 5, archived_at: at(9) }),
    entry('c', { unread_count: 1, pinned: true }),
  ])
  expect(groups.unread).toBe(3)
})
