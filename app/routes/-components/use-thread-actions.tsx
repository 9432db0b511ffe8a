import { useNavigate, useParams } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { ConfirmDialog } from '#app/components/controls/confirm-dialog.tsx'
import { NameDialog } from '#app/components/controls/name-dialog.tsx'
import type { NamedThread, ThreadActions } from './thread-row.tsx'
import { useChange } from './use-change.ts'

/** What can be done with a thread, and the dialogs that ask first. */
export function useThreadActions() {
  const workspace = useWorkspace()
  const change = useChange()
  const navigate = useNavigate()
  const params = useParams({ strict: false })
  const [renaming, setRenaming] = useState<NamedThread>()
  const [removing, setRemoving] = useState<NamedThread>()

  const actions = useMemo<ThreadActions>(
    () => ({
      archive: ({ id, status, title }) =>
        void change(
          'chat_threads.archive',
          { id, archived: status === 'active' },
          `“${title}” was not ${status === 'active' ? 'archived' : 'taken out of the archive'}.`,
        ),
      rename: setRenaming,
      remove: setRemoving,
    }),
    [change],
  )
  const rename = (title: string) => {
    if (renaming) change('chat_threads.rename', { id: renaming.id, title }, 'The new name was not saved.')
  }
  const remove = () => {
    if (!removing) return
    const { id, session_id: sessionId, title } = removing
    change('chat_threads.remove', { id }, `“${title}” was not removed.`)
    if (params.threadId === id) void navigate({ to: '/s/$sessionId', params: { sessionId } })
  }
  const row = removing && workspace.session(removing.session_id).threads.get(removing.id)
  const count = row?.message_count ?? 0
  const dialogs = (
    <>
      <NameDialog
        key={renaming?.id}
        open={renaming !== undefined}
        onOpenChange={(open) => !open && setRenaming(undefined)}
        title="Rename the thread"
        label="Name"
        action="Rename"
        initial={renaming?.title ?? ''}
        maxLength={200}
        onSubmit={rename}
      />
      <ConfirmDialog
        open={removing !== undefined}
        onOpenChange={(open) => !open && setRemoving(undefined)}
        title={`Remove “${removing?.title}”?`}
        action="Remove the thread"
        onConfirm={remove}
      >
        <p>
          {count === 1 ? 'Its one message goes' : `Its ${count} messages and their tool events go`} with it,
          for everybody in the session. This cannot be undone.
        </p>
      </ConfirmDialog>
    </>
  )
  return { actions, dialogs }
}
