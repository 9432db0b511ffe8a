import { expect, test } from 'vitest'
import { sampleMessage, sampleToolEvent } from './sample-rows.ts'
import { buildTimeline, isUnread, keepUnchanged, type TimelineRow } from './timeline.ts'

const at = (hour: number, minute = 0, day = 20) => new Date(2026, 10, day, hour, minute)

const label = (row: TimelineRow) =>
  row.kind === 'message'
    ? `${row.message.id}${row.startsGroup ? '*' : ''}`
    : row.kind === 'tool'
      ? row.key
      : row.kind

function shown(ingredients: Partial<Parameters<typeof buildTimeline>[0]>): string[] {
  return buildTimeline({ messages: [], toolEvents: [], newSince: null, accountId: 'me', ...ingredients }).map(
    label,
  )
}

test('messages of one author within five minutes form a group', () => {
  const messages = [
    sampleMessage({ id: 'a', created_at: at(9, 0) }),
    sampleMessage({ id: 'b', created_at: at(9, 4) }),
    sampleMessage({ id: 'c', created_at: at(9, 10) }),
    sampleMessage({ id: 'd', created_at: at(9, 11), author_account_id: 'bob' }),
  ]
  expect(shown({ messages })).toEqual(['start', 'day', 'a*', 'b', 'c*', 'd*', 'end'])
})

test('a tombstone stands alone', () => {
  const messages = [
    sampleMessage({ id: 'a', created_at: at(9, 0) }),
    sampleMessage({ id: 'b', created_at: at(9, 1), removed_at: at(9, 2), content: '' }),
    sampleMessage({ id: 'c', created_at: at(9, 2) }),
  ]
  expect(shown({ messages })).toEqual(['start', 'day', 'a*', 'b*', 'c*', 'end'])
})

test('tool events stand where they started, and break a group', () => {
  const messages = [
    sampleMessage({ id: 'a', created_at: at(9, 0) }),
    sampleMessage({ id: 'b', created_at: at(9, 2) }),
  ]
  const toolEvents = [
    sampleToolEvent({ id: 'late', started_at: at(9, 3) }),
    sampleToolEvent({ id: 'between', started_at: at(9, 1) }),
    sampleToolEvent({ id: 'before', started_at: at(8, 59) }),
  ]
  expect(shown({ messages, toolEvents })).toEqual([
    'start',
    'day',
    'before',
    'a*',
    'between',
    'b*',
    'late',
    'end',
  ])
})

test('each day gets one heading, whether a message or a tool event opens it', () => {
  const messages = [
    sampleMessage({ id: 'a', created_at: at(23, 59, 19) }),
    sampleMessage({ id: 'b', created_at: at(0, 1, 20) }),
  ]
  const toolEvents = [sampleToolEvent({ id: 't', started_at: at(7, 0, 21) })]
  expect(shown({ messages, toolEvents })).toEqual(['start', 'day', 'a*', 'day', 'b*', 'day', 't', 'end'])
})

test('order follows positions even where clocks disagree', () => {
  const messages = [
    sampleMessage({ id: 'first', position: 1, created_at: at(10) }),
    sampleMessage({ id: 'second', position: 2, created_at: at(9), author_account_id: 'bob' }),
  ]
  expect(shown({ messages })).toEqual(['start', 'day', 'first*', 'second*', 'end'])
})

test('the new mark stands before the first message of somebody else after the last reading', () => {
  const messages = [
    sampleMessage({ id: 'old', created_at: at(9, 0) }),
    sampleMessage({ id: 'mine', created_at: at(9, 1), author_account_id: 'me' }),
    sampleMessage({ id: 'new', created_at: at(9, 2) }),
    sampleMessage({ id: 'newer', created_at: at(9, 3) }),
  ]
  const rows = buildTimeline({ messages, toolEvents: [], newSince: at(9, 0), accountId: 'me' })
  expect(rows.map(label)).toEqual(['start', 'day', 'old*', 'mine*', 'new', 'new*', 'newer', 'end'])
  expect(rows.find((row) => row.kind === 'new')).toMatchObject({ count: 2 })
  expect(rows.filter((row) => 'isNew' in row && row.isNew).map(label)).toEqual(['new*', 'newer'])
})

test('no row shares its key with another', () => {
  const messages = [
    sampleMessage({ id: 'a', created_at: at(9, 0, 20) }),
    sampleMessage({ id: 'b', created_at: at(9, 0, 19) }),
    sampleMessage({ id: 'c', created_at: at(9, 0, 20) }),
  ]
  const keys = buildTimeline({ messages, toolEvents: [], newSince: null, accountId: 'me' }).map(
    (row) => row.key,
  )
  expect(new Set(keys).size).toBe(keys.length)
})

test('one’s own and removed messages are never unread', () => {
  const later = { created_at: at(10) }
  expect(isUnread(sampleMessage({ id: 'a', ...later }), at(9), 'me')).toBe(true)
  expect(isUnread(sampleMessage({ id: 'a', ...later, author_account_id: 'me' }), at(9), 'me')).toBe(false)
  expect(isUnread(sampleMessage({ id: 'a', ...later, removed_at: at(11) }), at(9), 'me')).toBe(false)
})

test('a new message leaves the rows before it the same objects', () => {
  const messages = [
    sampleMessage({ id: 'a', created_at: at(9, 0) }),
    sampleMessage({ id: 'b', created_at: at(9, 1) }),
  ]
  const build = (shown: typeof messages) =>
    buildTimeline({ messages: shown, toolEvents: [], newSince: null, accountId: 'me' })
  const before = build(messages)
  const after = keepUnchanged(build([...messages, sampleMessage({ id: 'c', created_at: at(9, 2) })]), before)
  expect(after.map(label)).toEqual(['start', 'day', 'a*', 'b', 'c', 'end'])
  for (const row of before) expect(after).toContain(row)
})

test('a row that says something else is a new object', () => {
  const messages = [
    sampleMessage({ id: 'a', created_at: at(9, 0) }),
    sampleMessage({ id: 'b', created_at: at(9, 1) }),
  ]
  const build = (shown: typeof messages) =>
    buildTimeline({ messages: shown, toolEvents: [], newSince: null, accountId: 'me' })
  const before = build(messages)
  const edited = messages.map((message) => (message.id === 'a' ? { ...message, content: 'edited' } : message))
  const after = keepUnchanged(build(edited), before)
  expect(after.filter((row) => !before.includes(row)).map(label)).toEqual(['a*'])
  expect(keepUnchanged(build(messages.slice(1)), before).map(label)).toEqual(['start', 'day', 'b*', 'end'])
})
