import { expect, test } from 'vitest'
import { dropDraft, readDraft, writeDraft } from './drafts.ts'

function storage(entries = new Map<string, string>()) {
  return {
    entries,
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
    removeItem: (key: string) => void entries.delete(key),
  }
}

test('a draft comes back for its own account and thread only', () => {
  const device = storage()
  expect(writeDraft(device, 'me', 'one', 'half a sentence')).toBe(true)
  expect(readDraft(device, 'me', 'one')).toBe('half a sentence')
  expect(readDraft(device, 'me', 'two')).toBe('')
  expect(readDraft(device, 'you', 'one')).toBe('')
})

test('an emptied draft leaves nothing behind', () => {
  const device = storage()
  writeDraft(device, 'me', 'one', 'x')
  writeDraft(device, 'me', 'one', '')
  expect(device.entries.size).toBe(0)
})

test('storage that is full or forbidden is reported, not thrown', () => {
  const forbidden = () => {
    throw new DOMException('no', 'QuotaExceededError')
  }
  const device = { getItem: forbidden, setItem: forbidden, removeItem: forbidden }
  expect(writeDraft(device, 'me', 'one', 'x')).toBe(false)
  expect(readDraft(device, 'me', 'one')).toBe('')
})

test('a draft that was sent goes, one that was typed since stays', () => {
  const device = storage()
  writeDraft(device, 'me', 'one', 'sent')
  dropDraft(device, 'me', 'one', 'sent')
  expect(device.entries.size).toBe(0)
  writeDraft(device, 'me', 'one', 'the next')
  dropDraft(device, 'me', 'one', 'sent')
  expect(readDraft(device, 'me', 'one')).toBe('the next')
})
