import { expect, test } from 'vitest'
import { createStore, selectedFrom } from './store.ts'

test('a selection is the same list while other items come and go', () => {
  const store = createStore<readonly string[]>(['a1', 'b1'])
  const selection = selectedFrom(store, (item) => item.startsWith('a'))
  const before = selection.getSnapshot()
  expect(before).toEqual(['a1'])
  store.set(['a1', 'b1', 'b2'])
  expect(selection.getSnapshot()).toBe(before)
  store.set(['a1'])
  expect(selection.getSnapshot()).toBe(before)
})

test('a selection follows its own items', () => {
  const store = createStore<readonly string[]>(['a1', 'b1'])
  const selection = selectedFrom(store, (item) => item.startsWith('a'))
  const heard: (readonly string[])[] = []
  selection.subscribe(() => heard.push(selection.getSnapshot()))
  store.set(['a1', 'b1', 'a2'])
  store.set(['a3', 'b1', 'a2'])
  store.set(['b1'])
  expect(heard).toEqual([['a1', 'a2'], ['a3', 'a2'], []])
})
