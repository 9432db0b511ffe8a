import { useState } from 'react'
import { Button } from '#app/components/controls/button.tsx'
import { AvatarStack } from '#app/components/people/avatar-stack.tsx'
import { InviteDialog } from './invite-dialog.tsx'
import { MembersDialog } from './members-dialog.tsx'
import { useOpenSession, usePeople } from './session-context.tsx'
import { useShortcut } from './use-shortcut.ts'

/** Who takes part, and the way to more people. */
export function PeopleButton() {
  const { id } = useOpenSession()
  const { members, role } = usePeople()
  const [open, setOpen] = useState<'members' | 'invite'>()
  const canInvite = role === 'owner'
  useShortcut('Alt+KeyM', () => setOpen('members'))
  return (
    <div className="people">
      <button type="button" className="people-button" onClick={() => setOpen('members')}>
        <AvatarStack members={members} />
        <span>{members.length === 1 ? '1 person' : `${members.length} people`}</span>
      </button>
      {canInvite && <Button onClick={() => setOpen('invite')}>Invite</Button>}
      <MembersDialog
        open={open === 'members'}
        onOpenChange={(isOpen) => setOpen(isOpen ? 'members' : undefined)}
        onInvite={canInvite ? () => setOpen('invite') : undefined}
      />
      <InviteDialog
        sessionId={id}
        open={open === 'invite'}
        onOpenChange={(isOpen) => setOpen(isOpen ? 'invite' : undefined)}
      />
    </div>
  )
}
