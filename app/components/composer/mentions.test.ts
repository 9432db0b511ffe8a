import { expect, test } from 'vitest'
import {
  completeMention,
  matchingMembers,
  mentionedAccounts,
  mentionQueryAt,
  mentionSpans,
} from './mentions.ts'

const members = [
  { account_id: '1', display_name: 'Ann' },
  { account_id: '2', display_name: 'Ann Lee' },
  { account_id: '3', display_name: 'Zoë Ångström' },
]

test('a mention begins after a space, a bracket or at the start', () => {
  expect(mentionQueryAt('@', 1)).toEqual({ start: 0, text: '' })
  expect(mentionQueryAt('ask @an', 7)).toEqual({ start: 4, text: 'an' })
  expect(mentionQueryAt('(@zo', 4)).toEqual({ start: 1, text: 'zo' })
})

test('an address is not a mention', () => {
  expect(mentionQueryAt('ann@example', 11)).toBeNull()
})

test('the query reaches over one space but not over a sentence', () => {
  expect(mentionQueryAt('@Ann Le', 7)).toEqual({ start: 0, text: 'Ann Le' })
  expect(mentionQueryAt('@Ann Lee said', 13)).toBeNull()
  expect(mentionQueryAt('@Ann\n', 5)).toBeNull()
})

test('only what stands before the caret counts', () => {
  expect(mentionQueryAt('@ann hello', 3)).toEqual({ start: 0, text: 'an' })
})

test('members are found by any word of their name, without accents, whole names first', () => {
  expect(matchingMembers(members, 'an').map((m) => m.account_id)).toEqual(['1', '2', '3'])
  expect(matchingMembers(members, 'zoe').map((m) => m.account_id)).toEqual(['3'])
  expect(matchingMembers(members, 'lee').map((m) => m.account_id)).toEqual(['2'])
  expect(matchingMembers(members, 'nobody')).toEqual([])
})

test('completing replaces what was typed and leaves one space behind the name', () => {
  const query = { start: 4, text: 'an' }
  expect(completeMention('ask @an', 7, query, 'Ann Lee')).toEqual({ text: 'ask @Ann Lee ', caret: 13 })
  expect(completeMention('ask @an now', 7, query, 'Ann')).toEqual({ text: 'ask @Ann now', caret: 9 })
})

test('of two names that fit the longer one is meant', () => {
  expect(mentionedAccounts('@Ann Lee and @Ann, see', members)).toEqual(['2', '1'])
})

test('a name that goes on is another name, and an account counts once', () => {
  expect(mentionedAccounts('@Anna @ann @ANN x@Ann', members)).toEqual(['1'])
})

test('spans cover the @ and the name', () => {
  expect(mentionSpans('hi @Zoë Ångström!', members)).toEqual([{ start: 3, end: 16, account_id: '3' }])
})
