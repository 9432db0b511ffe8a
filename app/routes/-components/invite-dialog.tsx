import { type FormEvent, useState } from 'react'
import { v7 as uuidv7 } from 'uuid'
import { useWorkspace } from '#app/collections/workspace.tsx'
import { Button } from '#app/components/controls/button.tsx'
import { CopyButton } from '#app/components/controls/copy-button.tsx'
import { Dialog } from '#app/components/controls/dialog.tsx'
import { SelectField } from '#app/components/controls/field.tsx'
import { createInvitationSecret, invitationLink } from '#app/components/people/invitation-secret.ts'
import { InvitationList } from './invitation-list.tsx'
import { reasonOf } from './use-change.ts'

interface Props {
  sessionId: string
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Makes a link that lets people in. */
export function InviteDialog({ sessionId, open, onOpenChange }: Props) {
  const [made, setMade] = useState(0)
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Invite people"
      description="Whoever opens the link joins this session, signed in or as a guest."
    >
      <InvitationForm sessionId={sessionId} onMade={() => setMade((count) => count + 1)} />
      <InvitationList key={made} sessionId={sessionId} />
    </Dialog>
  )
}

const roles = [
  { value: 'editor', label: 'Read and write' },
  { value: 'viewer', label: 'Read only' },
]
const days = [1, 7, 30, 90].map((n) => ({ value: String(n), label: n === 1 ? '1 day' : `${n} days` }))
const uses = [1, 5, 25, 200].map((n) => ({ value: String(n), label: n === 1 ? 'once' : `${n} times` }))

function InvitationForm({ sessionId, onMade }: { sessionId: string; onMade: () => void }) {
  const workspace = useWorkspace()
  const [link, setLink] = useState<string>()
  const [error, setError] = useState<string>()
  const [isMaking, setMaking] = useState(false)

  const make = async (form: FormData) => {
    setMaking(true)
    setError(undefined)
    try {
      const { token, token_hash } = await createInvitationSecret()
      const input = {
        id: uuidv7(),
        session_id: sessionId,
        token_hash,
        role: form.get('role') === 'viewer' ? ('viewer' as const) : ('editor' as const),
        expires_in_days: Number(form.get('days')),
        max_uses: Number(form.get('uses')),
      }
      // The link is worth nothing before the server knows its hash.
      await workspace.mutate('invitations.create', input).done
      setLink(invitationLink(window.location.origin, token))
      onMade()
    } catch (cause) {
      setError(`No link was made. ${reasonOf(cause)}`)
    } finally {
      setMaking(false)
    }
  }
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    void make(new FormData(event.currentTarget))
  }
  return (
    <form onSubmit={onSubmit} className="invitation-form">
      <div className="field-row">
        <SelectField label="They may" name="role" options={roles} defaultValue="editor" />
        <SelectField label="Good for" name="days" options={days} defaultValue="7" />
        <SelectField label="Can be used" name="uses" options={uses} defaultValue="1" />
      </div>
      <Button look="primary" type="submit" disabled={isMaking}>
        {isMaking ? 'Making the link…' : link ? 'Make another link' : 'Make a link'}
      </Button>
      <div role="status">{link && <MadeLink link={link} />}</div>
      {error && (
        <p className="field-note" data-error role="alert">
          {error}
        </p>
      )}
    </form>
  )
}

function MadeLink({ link }: { link: string }) {
  return (
    <div className="made-link">
      <div className="made-link-box">
        <input
          readOnly
          value={link}
          aria-label="The invitation link"
          onFocus={(event) => event.target.select()}
        />
        <CopyButton text={() => link} label="Copy the link" />
      </div>
      <p className="field-note">Copy it now: it is not kept anywhere and cannot be shown again.</p>
    </div>
  )
}
