import { Sparkles } from 'lucide-react'
import { memo } from 'react'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { Mentionable } from '../composer/mentions.ts'
import { Avatar } from '../people/avatar.tsx'
import type { Author } from './author.ts'
import type { Delivery } from './delivery.ts'
import { DeliveryNote } from './delivery-note.tsx'
import { Markdown } from './markdown.tsx'
import { MessageEditor } from './message-editor.tsx'
import { MessageMenu } from './message-menu.tsx'
import { clockTime, fullMoment, timeOfDay } from './moments.ts'

export interface MessageActions {
  copyText: (message: ChatMessage) => void
  copyLink: (message: ChatMessage) => void
  startEdit: (message: ChatMessage) => void
  endEdit: () => void
  /** Whether it was taken; if not, the editor stays open. */
  edit: (message: ChatMessage, content: string) => boolean
  remove: (message: ChatMessage) => void
  retry: (mutationId: string) => void
  discard: (mutationId: string) => void
}

interface Props {
  message: ChatMessage
  author: Author
  mentioned: readonly Mentionable[]
  accountId: string
  startsGroup: boolean
  isNew: boolean
  isFlashing: boolean
  isEditing: boolean
  canChange: boolean
  delivery: Delivery | undefined
  /** The same object for all messages and renders. */
  actions: MessageActions
}

export const MessageItem = memo(function MessageItem(props: Props) {
  const { message, author, startsGroup, isNew, isFlashing, delivery, canChange, actions } = props
  const time = (shown: string) => (
    <time dateTime={message.created_at.toISOString()} title={fullMoment(message.created_at)}>
      {shown}
    </time>
  )
  return (
    <article
      className="message"
      data-message-id={message.id}
      data-starts-group={startsGroup || undefined}
      data-new={isNew || undefined}
      data-flashing={isFlashing || undefined}
      data-delivery={delivery?.state}
      aria-label={`${author.name}, ${fullMoment(message.created_at)}`}
      aria-busy={delivery?.state === 'pending' || undefined}
    >
      <div className="message-gutter">
        {startsGroup ? <Face author={author} /> : time(clockTime(message.created_at))}
      </div>
      <div className="message-body">
        {startsGroup && (
          <header className="message-header">
            <span className="message-author">{author.name}</span>
            {time(timeOfDay(message.created_at))}
          </header>
        )}
        <MessageContent {...props} />
        {delivery?.state === 'failed' && (
          <DeliveryNote delivery={delivery} onRetry={actions.retry} onDiscard={actions.discard} />
        )}
      </div>
      {!message.removed_at && !props.isEditing && (
        <MessageMenu author={author.name} canChange={canChange} message={message} actions={actions} />
      )}
    </article>
  )
})

function MessageContent({ message, mentioned, accountId, isEditing, actions, delivery }: Props) {
  if (message.removed_at) return <p className="tombstone">This message was removed.</p>
  if (isEditing) {
    return (
      <MessageEditor
        accountId={accountId}
        messageId={message.id}
        content={message.content}
        onSave={(content) => actions.edit(message, content)}
        onCancel={actions.endEdit}
      />
    )
  }
  return (
    <>
      <Markdown text={message.content} mentioned={mentioned} accountId={accountId} />
      {message.edited_at && <span className="message-mark">edited</span>}
      {delivery?.state === 'pending' && <span className="message-mark pending-mark">sending…</span>}
    </>
  )
}

function Face({ author }: { author: Author }) {
  if (author.kind === 'person') return <Avatar id={author.id} name={author.name} />
  return (
    <span className="avatar" data-kind={author.kind} aria-hidden="true">
      <Sparkles />
    </span>
  )
}
