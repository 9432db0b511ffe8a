import { expect, test } from 'vitest'
import { interleave } from './interleave.ts'

const { signal } = new AbortController()

test('every turn begins with another block', async () => {
  const order: string[] = []
  const block = (name: string) => async () => void order.push(name)
  await interleave({ rounds: 0, turns: 3, signal }, { a: block('a'), b: block('b'), c: block('c') })
  expect(order.join('')).toBe('abcbcacab')
})

test('the round that warms up is thrown away, the others are kept by round and turn', async () => {
  let calls = 0
  const { block } = await interleave({ rounds: 2, turns: 2, signal }, { block: async () => ++calls })
  expect(block).toEqual([
    [3, 4],
    [5, 6],
  ])
})

test('stopped between two blocks, it goes no further', async () => {
  const stop = new AbortController()
  const measured = interleave(
    { rounds: 5, turns: 1, signal: stop.signal },
    { last: async () => stop.abort(new Error('asked to stop')) },
  )
  await expect(measured).rejects.toThrow('asked to stop')
})
