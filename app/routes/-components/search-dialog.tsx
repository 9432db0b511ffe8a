import { useNavigate } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useMemo, useRef, useState } from 'react'
import { useDialogFocus } from '#app/components/controls/use-dialog-focus.ts'
import { authorOf } from '#app/components/messages/author.ts'
import { fullMoment, shortMoment } from '#app/components/messages/moments.ts'
import { type SearchHit, searchMessages } from '#app/components/search/message-search.ts'
import { useOpenSession, usePeople, useSessionMessages, useThreads } from './session-context.tsx'
import { useNow } from './use-now.ts'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Finds messages of the open session, in all its threads. */
export function SearchDialog({ open, onOpenChange }: Props) {
  const focus = useDialogFocus()
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="overlay" />
        <Radix.Content {...focus} className="dialog search-dialog" aria-describedby={undefined}>
          <Radix.Title className="visually-hidden">Search the messages of this session</Radix.Title>
          <SearchForm onDone={() => onOpenChange(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function SearchForm({ onDone }: { onDone: () => void }) {
  const { id: sessionId } = useOpenSession()
  const messages = useSessionMessages()
  const navigate = useNavigate()
  const listId = useId()
  const [query, setQuery] = useState('')
  const [active, setActive] = useState(0)
  // Typing comes first: the hits may be a few letters behind.
  const deferred = useDeferredValue(query)
  const hits = useMemo(() => searchMessages(messages, deferred), [messages, deferred])
  const open = (hit: SearchHit | undefined) => {
    if (!hit) return
    onDone()
    const { thread_id: threadId, id } = hit.message
    void navigate({ to: '/s/$sessionId/t/$threadId', params: { sessionId, threadId }, hash: id })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'ArrowDown') setActive(Math.min(active + 1, hits.length - 1))
    else if (event.key === 'ArrowUp') setActive(Math.max(active - 1, 0))
    else if (event.key === 'Enter') open(hits[active])
    else return
    event.preventDefault()
  }
  const said = deferred.trim() === '' ? 'Type a word or two.' : hits.length === 0 ? 'Nothing found.' : ''
  return (
    <>
      <div className="search-box">
        <Search aria-hidden="true" />
        <input
          type="text"
          role="combobox"
          aria-label="Search the messages of this session"
          aria-expanded={hits.length > 0}
          aria-controls={listId}
          aria-activedescendant={hits.length > 0 ? `${listId}-${active}` : undefined}
          aria-autocomplete="list"
          placeholder="Search this session"
          autoComplete="off"
          value={query}
          onChange={(event) => {
            setQuery(event.currentTarget.value)
            setActive(0)
          }}
          onKeyDown={onKeyDown}
        />
        <kbd>Esc</kbd>
      </div>
      <p className="search-note" role="status">
        {said || <span className="visually-hidden">{hits.length} found</span>}
      </p>
      <div className="search-hits" id={listId} role="listbox" aria-label="Messages found">
        {hits.map((hit, index) => (
          <Hit
            key={hit.message.id}
            id={`${listId}-${index}`}
            hit={hit}
            isActive={index === active}
            onOpen={open}
          />
        ))}
      </div>
    </>
  )
}

interface HitProps {
  id: string
  hit: SearchHit
  isActive: boolean
  onOpen: (hit: SearchHit) => void
}

function Hit({ id, hit, isActive, onOpen }: HitProps) {
  const { membersById } = usePeople()
  const threads = useThreads()
  const element = useRef<HTMLDivElement>(null)
  const now = useNow()
  useEffect(() => {
    if (isActive) element.current?.scrollIntoView({ block: 'nearest' })
  }, [isActive])
  const { message } = hit
  const thread = threads.find((each) => each.id === message.thread_id)
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the text box's, which keeps the focus.
    <div
      ref={element}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isActive}
      className="search-hit"
      onClick={() => onOpen(hit)}
    >
      <span className="search-hit-line">
        <strong>{authorOf(message, membersById).name}</strong>
        <span>{thread?.title}</span>
        <time dateTime={message.created_at.toISOString()} title={fullMoment(message.created_at)}>
          {shortMoment(message.created_at, now)}
        </time>
      </span>
      <span className="search-hit-text">
        {hit.excerpt.map((part, index) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one excerpt never change places.
          part.matched ? <mark key={index}>{part.text}</mark> : part.text,
        )}
      </span>
    </div>
  )
}
