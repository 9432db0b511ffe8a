import { useNavigate } from '@tanstack/react-router'
import { UserPlus } from 'lucide-react'
import { useState } from 'react'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { Button } from '#app/components/controls/button.tsx'
import { ConfirmDialog } from '#app/components/controls/confirm-dialog.tsx'
import { Dialog } from '#app/components/controls/dialog.tsx'
import type { SessionMember } from '#db/schema/session-members.ts'
import { MemberRow } from './member-row.tsx'
import { useOpenSession, usePeople } from './session-context.tsx'
import { useChange } from './use-change.ts'

interface Props {
  open: boolean
  onOpenChange: (open: boolean) => void
  onInvite: (() => void) | undefined
}

type Question = { ask: 'remove' | 'handOver'; member: SessionMember } | { ask: 'leave' }

/** Everybody in the session, what they may do, and the ways out of it. */
export function MembersDialog({ open, onOpenChange, onInvite }: Props) {
  const { id } = useOpenSession()
  const { members, role } = usePeople()
  const { accountId } = useWorkspace()
  const change = useChange()
  const [question, setQuestion] = useState<Question>()
  const owners = members.filter((member) => member.role === 'owner').length
  const isLastOwner = role === 'owner' && owners === 1
  return (
    <>
      <Dialog open={open} onOpenChange={onOpenChange} title="People in this session">
        <ul className="members">
          {members.map((member) => (
            <MemberRow
              key={member.account_id}
              member={member}
              isMe={member.account_id === accountId}
              canManage={role === 'owner' && member.account_id !== accountId}
              onRole={(chosen) =>
                change(
                  'session_members.changeRole',
                  { session_id: id, account_id: member.account_id, role: chosen },
                  `The role of ${member.display_name} was not changed.`,
                )
              }
              onHandOver={() => setQuestion({ ask: 'handOver', member })}
              onRemove={() => setQuestion({ ask: 'remove', member })}
            />
          ))}
        </ul>
        {isLastOwner && (
          <p className="field-note">
            You are the only owner: hand the session over before you leave it, or delete it.
          </p>
        )}
        <footer className="dialog-footer spread">
          <Button look="quiet" disabled={isLastOwner} onClick={() => setQuestion({ ask: 'leave' })}>
            Leave the session
          </Button>
          {onInvite && (
            <Button look="primary" onClick={onInvite}>
              <UserPlus /> Invite people
            </Button>
          )}
        </footer>
      </Dialog>
      {question && <MemberQuestion question={question} onClose={() => setQuestion(undefined)} />}
    </>
  )
}

function MemberQuestion({ question, onClose }: { question: Question; onClose: () => void }) {
  const { id: session_id, session } = useOpenSession()
  const change = useChange()
  const navigate = useNavigate()
  const onOpenChange = (open: boolean) => !open && onClose()
  if (question.ask === 'leave') {
    const leave = () => {
      if (change('session_members.leave', { session_id }, 'You did not leave.')) void navigate({ to: '/' })
    }
    return (
      <ConfirmDialog
        open
        onOpenChange={onOpenChange}
        title="Leave the session?"
        action="Leave"
        onConfirm={leave}
      >
        <p>“{session?.title}” goes from your list. To come back you need a new invitation.</p>
      </ConfirmDialog>
    )
  }
  const { account_id, display_name: name } = question.member
  if (question.ask === 'handOver') {
    const handOver = () =>
      void change('session_members.handOver', { session_id, account_id }, 'The session was not handed over.')
    return (
      <ConfirmDialog
        open
        onOpenChange={onOpenChange}
        title={`Hand the session over to ${name}?`}
        action="Hand over"
        onConfirm={handOver}
      >
        <p>{name} becomes its owner and you become an editor.</p>
      </ConfirmDialog>
    )
  }
  const remove = () =>
    void change('session_members.remove', { session_id, account_id }, `${name} was not removed.`)
  return (
    <ConfirmDialog
      open
      onOpenChange={onOpenChange}
      title={`Remove ${name}?`}
      action="Remove"
      onConfirm={remove}
    >
      <p>
        {name} loses access at once. What {name} wrote stays.
      </p>
    </ConfirmDialog>
  )
}
