import { expect, test, vi } from 'vitest'
import { DeadlineQueue } from './deadline-queue.ts'

test('entries are due in the order in which they came, each after its time', async () => {
  const due: string[] = []
  const queue = new DeadlineQueue<string>(30, (entry) => due.push(entry))
  const startedAt = performance.now()
  for (const entry of ['a', 'b', 'c']) queue.add(entry)
  await vi.waitUntil(() => due.length === 3)
  expect(due).toEqual(['a', 'b', 'c'])
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(30)
})

test('what is deleted is never due, and what is added again waits anew', async () => {
  const due: string[] = []
  const queue = new DeadlineQueue<string>(10, (entry) => due.push(entry))
  for (const entry of ['a', 'b', 'c', 'd']) queue.add(entry)
  queue.delete('b')
  queue.delete('never there')
  queue.add('a')
  await vi.waitUntil(() => due.length === 3)
  expect(due).toEqual(['c', 'd', 'a'])
})

test('an entry may be added and deleted while another is due', async () => {
  const due: string[] = []
  const queue = new DeadlineQueue<string>(5, (entry) => {
    due.push(entry)
    if (entry === 'a') {
      queue.delete('b')
      queue.add('c')
    }
  })
  queue.add('a')
  queue.add('b')
  await vi.waitUntil(() => due.length === 2)
  expect(due).toEqual(['a', 'c'])
})

test('an empty queue keeps no process alive', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const queue = new DeadlineQueue<string>(60_000, () => {})
  queue.add('a')
  queue.add('b')
  expect(timers()).toBe(before + 1)
  queue.delete('a')
  queue.delete('b')
  expect(timers()).toBe(before)
})
