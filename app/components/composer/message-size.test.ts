import { expect, test } from 'vitest'
import { MAX_MESSAGE_BYTES } from '#db/inputs/fields.ts'
import { messageSize } from './message-size.ts'

test('a message of exactly the limit may be sent, one byte more may not', () => {
  expect(messageSize('a'.repeat(MAX_MESSAGE_BYTES)).tooLarge).toBe(false)
  expect(messageSize('a'.repeat(MAX_MESSAGE_BYTES + 1)).tooLarge).toBe(true)
})

test('size is counted in bytes, not in characters', () => {
  expect(messageSize('€'.repeat(MAX_MESSAGE_BYTES / 3 + 1)).tooLarge).toBe(true)
})

test('the limit is mentioned only when it comes near', () => {
  expect(messageSize('hello').note).toBeUndefined()
  expect(messageSize('a'.repeat(MAX_MESSAGE_BYTES * 0.9)).note).toContain('of at most 100 KB')
})
