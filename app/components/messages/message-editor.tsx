import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react'
import { readDraft, writeDraft } from '../composer/drafts.ts'
import { GrowingTextArea } from '../composer/growing-text-area.tsx'
import { messageSize } from '../composer/message-size.ts'
import { Button } from '../controls/button.tsx'

interface Props {
  accountId: string
  messageId: string
  content: string
  /** Whether it was taken; if not, the text stays. */
  onSave: (content: string) => boolean
  onCancel: () => void
}

/**
 * Enter saves, Escape goes back: the same keys as in the composer. What is typed is kept like a draft, because the list
 * takes a message that is scrolled out of view off the page, and its editor with it.
 */
export function MessageEditor({ accountId, messageId, content, onSave, onCancel }: Props) {
  const [text, setText] = useState(() => readDraft(localStorage, accountId, messageId) || content)
  const area = useRef<HTMLTextAreaElement>(null)
  const size = messageSize(text)
  useLayoutEffect(() => {
    area.current?.focus()
    area.current?.setSelectionRange(content.length, content.length)
  }, [content])
  const keep = (draft: string) => writeDraft(localStorage, accountId, messageId, draft)
  const change = (value: string) => {
    setText(value)
    keep(value === content ? '' : value)
  }
  const cancel = () => {
    keep('')
    onCancel()
  }
  const save = () => {
    if (!text.trim() || size.tooLarge) return
    if (text === content) cancel()
    else if (onSave(text)) keep('')
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') {
      event.stopPropagation()
      cancel()
    }
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      save()
    }
  }
  return (
    <div className="message-editor">
      <GrowingTextArea
        ref={area}
        aria-label="Edit the message"
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div className="message-editor-actions">
        <span className="field-note" data-error={size.tooLarge || undefined}>
          {size.note ?? 'Enter saves, Escape goes back'}
        </span>
        <Button look="quiet" onClick={cancel}>
          Cancel
        </Button>
        <Button look="primary" onClick={save} disabled={!text.trim() || size.tooLarge}>
          Save
        </Button>
      </div>
    </div>
  )
}
