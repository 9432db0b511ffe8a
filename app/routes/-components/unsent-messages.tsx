import { type UnsentMutation, useWorkspace } from '#app/collections/workspace.tsx'
import { DeliveryNote } from '#app/components/messages/delivery-note.tsx'
import type { MutationInput } from '#db/inputs/index.ts'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import type { ThreadHead } from './thread-pane.tsx'

interface Props {
  thread: ThreadHead
  messages: readonly ChatMessage[]
  unsent: readonly UnsentMutation[]
}

/** Messages that were refused and are no rows any more: their text must not be lost with them. */
export function UnsentMessages({ thread, messages, unsent }: Props) {
  const workspace = useWorkspace()
  if (!unsent.some((each) => each.state === 'failed')) return null
  const shown = new Set(messages.map((message) => message.id))
  const refused = unsent.filter(
    (each) =>
      isSend(each) &&
      each.state === 'failed' &&
      each.input.thread_id === thread.id &&
      !shown.has(each.input.id),
  )
  if (refused.length === 0) return null
  return (
    <ul className="unsent-messages" aria-label="Messages that were not sent">
      {refused.filter(isSend).map(({ id, input, error }) => (
        <li key={id}>
          <p>{input.content}</p>
          <DeliveryNote
            delivery={{ mutationId: id, kind: 'send', state: 'failed', error }}
            onRetry={workspace.retry}
            onDiscard={workspace.discard}
          />
        </li>
      ))}
    </ul>
  )
}

type UnsentSend = UnsentMutation & { input: MutationInput<'chat_messages.send'> }

function isSend(change: UnsentMutation): change is UnsentSend {
  return change.name === 'chat_messages.send'
}
