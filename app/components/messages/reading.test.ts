import { expect, test } from 'vitest'
import { readableUpTo, seenUntil, unreadOf } from './reading.ts'
import { sampleMessage } from './sample-rows.ts'

const at = (minute: number) => new Date(2026, 10, 20, 9, minute)
const message = (id: string, thread_id: string, minute: number, author_account_id = 'ada') =>
  sampleMessage({ id, thread_id, created_at: at(minute), author_account_id })

const messages = [
  message('a1', 'a', 1),
  message('b2', 'b', 2),
  message('mine', 'a', 3, 'me'),
  message('a4', 'a', 4),
]

test('unread messages are counted by thread, one’s own left out', () => {
  const counts = new Map([
    ['b', 1],
    ['a', 1],
  ])
  expect(unreadOf(messages, at(1), 'me', new Map())).toEqual({ byThread: counts, seenAhead: 0 })
  expect(unreadOf(messages, at(4), 'me', new Map())).toEqual({ byThread: new Map(), seenAhead: 0 })
})

test('what was looked at no longer counts in its thread, though the mark has not reached it', () => {
  const seen = new Map([['a', at(4).getTime()]])
  expect(unreadOf(messages, at(1), 'me', seen)).toEqual({ byThread: new Map([['b', 1]]), seenAhead: 1 })
})

test('one’s own message from a clock that is ahead does not count what others write next as seen', () => {
  const shown = [message('a1', 'a', 1), message('mine', 'a', 50, 'me')]
  const seen = new Map([['a', seenUntil(shown, 'me')]])
  const later = [...shown, message('a9', 'a', 9)]
  expect(unreadOf(later, at(1), 'me', seen).byThread).toEqual(new Map([['a', 1]]))
})

test('with everything seen the mark goes to the newest message', () => {
  const seen = new Map([
    ['a', at(4).getTime()],
    ['b', at(2).getTime()],
  ])
  expect(readableUpTo(messages, null, 'me', seen)?.id).toBe('a4')
})

test('the mark stops before an unread message of a thread that was not looked at', () => {
  const seen = new Map([['a', at(4).getTime()]])
  expect(readableUpTo(messages, null, 'me', seen)?.id).toBe('a1')
})

test('nothing can be marked while an older message elsewhere is unseen', () => {
  const seen = new Map([['b', at(2).getTime()]])
  expect(readableUpTo(messages, null, 'me', seen)).toBeUndefined()
})

test('what was seen before stays seen when the last gap closes', () => {
  const seen = new Map([
    ['b', at(2).getTime()],
    ['a', at(1).getTime()],
  ])
  expect(readableUpTo(messages, null, 'me', seen)?.id).toBe('b2')
})

test('nothing unread leaves nothing to mark', () => {
  expect(readableUpTo(messages, at(4), 'me', new Map())).toBeUndefined()
})
