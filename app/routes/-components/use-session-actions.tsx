import { useNavigate, useParams } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { ConfirmDialog } from '#app/components/controls/confirm-dialog.tsx'
import { NameDialog } from '#app/components/controls/name-dialog.tsx'
import type { NamedSession, SessionActions } from './session-row.tsx'
import { useChange } from './use-change.ts'

/** What can be done with a session in the list, and the dialogs that ask first. */
export function useSessionActions() {
  const change = useChange()
  const navigate = useNavigate()
  const params = useParams({ strict: false })
  const [renaming, setRenaming] = useState<NamedSession>()
  const [removing, setRemoving] = useState<NamedSession>()

  const actions = useMemo<SessionActions>(
    () => ({
      pin: ({ session_id, pinned }) =>
        void change('inbox_entries.pin', { session_id, pinned: !pinned }, 'The pin was not saved.'),
      archive: ({ session_id, archived_at, title }) =>
        void change(
          'sessions.archive',
          { id: session_id, archived: archived_at === null },
          `“${title}” was not ${archived_at ? 'taken out of the archive' : 'archived'}.`,
        ),
      rename: setRenaming,
      remove: setRemoving,
    }),
    [change],
  )
  const rename = (title: string) => {
    if (renaming) change('sessions.rename', { id: renaming.session_id, title }, 'The new name was not saved.')
  }
  const remove = () => {
    if (!removing) return
    change('sessions.remove', { id: removing.session_id }, `“${removing.title}” was not deleted.`)
    if (params.sessionId === removing.session_id) void navigate({ to: '/' })
  }
  const dialogs = (
    <>
      <NameDialog
        key={renaming?.session_id}
        open={renaming !== undefined}
        onOpenChange={(open) => !open && setRenaming(undefined)}
        title="Rename the session"
        label="Name"
        action="Rename"
        initial={renaming?.title ?? ''}
        maxLength={200}
        onSubmit={rename}
      />
      <ConfirmDialog
        open={removing !== undefined}
        onOpenChange={(open) => !open && setRemoving(undefined)}
        title={`Delete “${removing?.title}”?`}
        action="Delete the session"
        onConfirm={remove}
      >
        <p>All its threads, messages and tool events go with it, for everybody who takes part.</p>
        <p>This cannot be undone. To put it out of sight instead, archive it.</p>
      </ConfirmDialog>
    </>
  )
  return { actions, dialogs }
}
