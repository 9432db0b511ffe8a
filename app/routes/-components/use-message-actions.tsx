import { useMemo, useState } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { mentionedAccounts } from '#app/components/composer/mentions.ts'
import { ConfirmDialog } from '#app/components/controls/confirm-dialog.tsx'
import { copyText } from '#app/components/controls/copy-button.tsx'
import { useToasts } from '#app/components/controls/toasts.tsx'
import type { MessageActions } from '#app/components/messages/message-item.tsx'
import type { ChatMessage } from '#db/schema/chat-messages.ts'
import { focusComposer } from './focus-composer.ts'
import { usePeople } from './session-context.tsx'
import { useChange } from './use-change.ts'

/** What can be done with a message, and which one is being edited or removed. */
export function useMessageActions() {
  const workspace = useWorkspace()
  const { members } = usePeople()
  const change = useChange()
  const { done, failed } = useToasts()
  const [editing, setEditing] = useState<string>()
  const [removing, setRemoving] = useState<ChatMessage>()

  const actions = useMemo<MessageActions>(() => {
    const copy = (text: string, what: string) =>
      void copyText(text).then((copied) =>
        copied ? done(`${what} copied.`) : failed('The browser refused to copy.'),
      )
    const endEdit = () => {
      setEditing(undefined)
      focusComposer()
    }
    return {
      copyText: (message) => copy(message.content, 'Text'),
      copyLink: ({ session_id, thread_id, id }) =>
        copy(`${window.location.origin}/s/${session_id}/t/${thread_id}#${id}`, 'Link'),
      startEdit: (message) => setEditing(message.id),
      endEdit,
      edit: ({ id }, content) => {
        // A failure is shown at the message itself.
        const mentions = mentionedAccounts(content, members)
        const isTaken = change('chat_messages.edit', { id, content, mentions }, null) !== null
        if (isTaken) endEdit()
        return isTaken
      },
      remove: setRemoving,
      retry: workspace.retry,
      discard: workspace.discard,
    }
  }, [workspace, members, change, done, failed])

  // Rendered with every message otherwise.
  const dialog = useMemo(
    () => (
      <ConfirmDialog
        open={removing !== undefined}
        onOpenChange={(open) => !open && setRemoving(undefined)}
        title="Remove this message?"
        action="Remove"
        onConfirm={() => removing && change('chat_messages.remove', { id: removing.id }, null)}
      >
        <p>Its text goes for everybody. A note that a message was removed stays in its place.</p>
      </ConfirmDialog>
    ),
    [removing, change],
  )
  return { actions, editing, dialog }
}
