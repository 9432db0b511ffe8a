import { ArrowUp } from 'lucide-react'
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from 'react'
import { dropDraft, readDraft, writeDraft } from './drafts.ts'
import { GrowingTextArea } from './growing-text-area.tsx'
import { MentionList } from './mention-list.tsx'
import { type Mentionable, mentionedAccounts } from './mentions.ts'
import { messageSize } from './message-size.ts'
import { useMentionChoice } from './use-mention-choice.ts'

interface Props {
  accountId: string
  threadId: string
  /** Where it goes, for those who cannot see it. */
  label: string
  members: readonly Mentionable[]
  /** Null when it was not taken: the text stays. Otherwise settles once the message is kept, and needs no draft. */
  onSend: (content: string, mentions: string[]) => Promise<void> | null
  onEditLast: () => void
}

/** Typing changes nothing but this component: however long the thread, a key costs the same. */
export function Composer({ accountId, threadId, label, members, onSend, onEditLast }: Props) {
  const [text, setText] = useState(() => readDraft(localStorage, accountId, threadId))
  const [caret, setCaret] = useState(text.length)
  const [kept, setKept] = useState(true)
  const nextCaret = useRef<number>(undefined)
  const area = useRef<HTMLTextAreaElement>(null)
  const listId = useId()
  const size = messageSize(text)
  const canSend = text.trim() !== '' && !size.tooLarge

  const change = (value: string, at: number) => {
    setText(value)
    setCaret(at)
    setKept(writeDraft(localStorage, accountId, threadId, value))
  }
  const mention = useMentionChoice(text, caret, members, (value, at) => {
    nextCaret.current = at
    change(value, at)
    area.current?.focus()
  })
  useLayoutEffect(() => {
    if (nextCaret.current === undefined) return
    area.current?.setSelectionRange(nextCaret.current, nextCaret.current)
    nextCaret.current = undefined
  })
  const send = () => {
    const keeping = canSend ? onSend(text, mentionedAccounts(text, members)) : null
    if (keeping) {
      setText('')
      setCaret(0)
      // A page that ends in between finds the draft again rather than nothing.
      keeping.then(
        () => dropDraft(localStorage, accountId, threadId, text),
        () => {},
      )
    }
    area.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the composing of a character does not end the message.
    if (event.nativeEvent.isComposing || mention.onKey(event)) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    }
    if (event.key === 'ArrowUp' && text === '') {
      event.preventDefault()
      onEditLast()
    }
  }
  const note =
    size.note ?? (kept ? undefined : 'This browser cannot keep the draft: send it before you leave.')
  const isOpen = mention.members.length > 0
  return (
    <div className="composer">
      {isOpen && (
        <MentionList
          id={listId}
          members={mention.members}
          active={mention.active}
          onChoose={mention.choose}
        />
      )}
      <div className="composer-box">
        <GrowingTextArea
          ref={area}
          className="composer-text"
          data-composer=""
          aria-label={label}
          placeholder="Write a message"
          aria-autocomplete="list"
          aria-controls={isOpen ? listId : undefined}
          aria-activedescendant={isOpen ? `${listId}-${mention.active}` : undefined}
          aria-describedby={`${listId}-note`}
          aria-invalid={size.tooLarge || undefined}
          enterKeyHint="send"
          value={text}
          onChange={(event) => change(event.currentTarget.value, event.currentTarget.selectionEnd)}
          onSelect={(event) => setCaret(event.currentTarget.selectionEnd)}
          onKeyDown={onKeyDown}
        />
        <button type="button" className="send-button" aria-label="Send" disabled={!canSend} onClick={send}>
          <ArrowUp />
        </button>
      </div>
      <p className="composer-note" id={`${listId}-note`} data-error={size.tooLarge || !kept || undefined}>
        {note ?? (
          <span className="composer-keys">
            <kbd>Enter</kbd> sends, <kbd>Shift Enter</kbd> begins a new line, <kbd>@</kbd> mentions
          </span>
        )}
      </p>
    </div>
  )
}
