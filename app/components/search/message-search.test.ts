import { expect, test } from 'vitest'
import { sampleMessage } from '../messages/sample-rows.ts'
import { excerpt, searchMessages } from './message-search.ts'

const said = (id: string, content: string, minute: number) =>
  sampleMessage({ id, content, created_at: new Date(2026, 10, 20, 9, minute) })

const marked = (parts: { text: string; matched: boolean }[]) =>
  parts.map((part) => (part.matched ? `[${part.text}]` : part.text)).join('')

test('every word of the query must be there, in any order, whatever its case and accents', () => {
  const messages = [said('a', 'Café au lait', 1), said('b', 'LAIT, no coffee', 2), said('c', 'cafe', 3)]
  expect(searchMessages(messages, 'lait CAFÉ').map((hit) => hit.message.id)).toEqual(['a'])
})

test('the newest hit comes first and the number is limited', () => {
  const messages = [said('a', 'ship it', 1), said('b', 'ship it', 2), said('c', 'ship it', 3)]
  expect(searchMessages(messages, 'ship', 2).map((hit) => hit.message.id)).toEqual(['c', 'b'])
})

test('removed messages and empty queries find nothing', () => {
  const gone = { ...said('a', '', 1), removed_at: new Date() }
  expect(searchMessages([gone], 'a')).toEqual([])
  expect(searchMessages([said('b', 'text', 1)], '   ')).toEqual([])
})

test('matches are marked in the words as they were written', () => {
  expect(marked(excerpt('The Café opens, the cafe closes', ['cafe']))).toBe(
    'The [Café] opens, the [cafe] closes',
  )
})

test('the excerpt of a long text shows its first match', () => {
  const text = `${'word '.repeat(100)}needle ${'word '.repeat(100)}`
  const shown = marked(excerpt(text, ['needle']))
  expect(shown).toContain('[needle]')
  expect(shown.startsWith('… ')).toBe(true)
  expect(shown.endsWith(' …')).toBe(true)
  expect(shown.length).toBeLessThan(200)
})

test('a match deep inside one endless word is shown too', () => {
  expect(marked(excerpt(`${'x'.repeat(500)}needle`, ['needle']))).toContain('[needle]')
})

test('letters that fold to two do not shift the marks', () => {
  expect(marked(excerpt('ﬁne ﬁsh', ['fish']))).toBe('ﬁne [ﬁsh]')
})
