import { renderToStaticMarkup } from 'react-dom/server'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { writeDraft } from '../composer/drafts.ts'
import { MessageEditor } from './message-editor.tsx'

beforeEach(() => {
  const entries = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
    removeItem: (key: string) => void entries.delete(key),
  })
})
afterEach(() => vi.unstubAllGlobals())

const editor = (messageId: string) =>
  renderToStaticMarkup(
    <MessageEditor
      accountId="me"
      messageId={messageId}
      content="as it was"
      onSave={() => true}
      onCancel={() => undefined}
    />,
  )

test('an editor that was taken off the page goes on with what was typed, and no other does', () => {
  writeDraft(localStorage, 'me', 'edited', 'half a new sentence')
  writeDraft(localStorage, 'you', 'other', 'not mine')
  expect(editor('edited')).toContain('>half a new sentence</textarea>')
  expect(editor('other')).toContain('>as it was</textarea>')
})
