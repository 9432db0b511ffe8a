import { type KeyboardEvent, useLayoutEffect, useRef, useState } from 'react'
import { GrowingTextArea } from '../composer/growing-text-area.tsx'
import { messageSize } from '../composer/message-size.ts'
import { Button } from '../controls/button.tsx'

interface Props {
  content: string
  onSave: (content: string) => void
  onCancel: () => void
}

/** Enter saves, Escape goes back: the same keys as in the composer. */
export function MessageEditor({ content, onSave, onCancel }: Props) {
  const [text, setText] = useState(content)
  const area = useRef<HTMLTextAreaElement>(null)
  const size = messageSize(text)
  useLayoutEffect(() => {
    area.current?.focus()
    area.current?.setSelectionRange(content.length, content.length)
  }, [content])
  const save = () => {
    if (!text.trim() || size.tooLarge) return
    if (text === content) onCancel()
    else onSave(text)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Escape') {
      event.stopPropagation()
      onCancel()
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
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div className="message-editor-actions">
        <span className="field-note" data-error={size.tooLarge || undefined}>
          {size.note ?? 'Enter saves, Escape goes back'}
        </span>
        <Button look="quiet" onClick={onCancel}>
          Cancel
        </Button>
        <Button look="primary" onClick={save} disabled={!text.trim() || size.tooLarge}>
          Save
        </Button>
      </div>
    </div>
  )
}
