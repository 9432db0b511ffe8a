import { Link } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { v7 as uuidv7 } from 'uuid'
import { Button } from '#app/components/controls/button.tsx'
import { TextField } from '#app/components/controls/field.tsx'
import { Logo } from '#app/components/sessions/logo.tsx'
import { displayName } from '#db/inputs/fields.ts'
import { invitationToken } from '#db/inputs/session-members.ts'
import { mutate } from '#server/functions/mutate.ts'
import { acceptInvitation, type Identity, IdentityError, whoami } from './identity.ts'
import { reasonOf } from './use-change.ts'

/** Where an invitation link leads: in as who one is, or as a guest with a name. */
export function JoinScreen() {
  const token = window.location.hash.slice(1)
  const isInvitation = invitationToken.safeParse(token).success
  return (
    <main className="front">
      <div className="front-card">
        <Logo />
        {isInvitation ? <Invitation token={token} /> : <NoInvitation />}
      </div>
    </main>
  )
}

function NoInvitation() {
  return (
    <>
      <h1>This is not a whole invitation</h1>
      <p className="front-text">A part of the link is missing. Ask for it again, and open all of it.</p>
      <Link to="/" className="button" data-look="primary">
        Go to your sessions
      </Link>
    </>
  )
}

function Invitation({ token }: { token: string }) {
  const identity = useIdentity()
  // Of this page only: the next person on this machine is another guest.
  const [id] = useState(() => uuidv7())
  const [error, setError] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const enter = async (join: () => Promise<string>) => {
    setBusy(true)
    setError(undefined)
    try {
      // A new page: the account may be another one now.
      window.location.assign(await join())
    } catch (cause) {
      setError(reasonOf(cause))
      setBusy(false)
    }
  }
  if (identity === undefined) return <p className="front-text">Opening the invitation…</p>
  const asGuest = async (name: string) => `/s/${(await acceptInvitation(id, token, name)).session_id}`
  const isLocal = identity?.account.kind === 'local'
  const asMe = async () => {
    if (!isLocal) return asGuest(identity?.account.display_name ?? '')
    await joinAsLocalAccount(token)
    return '/'
  }
  return (
    <>
      <h1>You are invited to a session</h1>
      {identity && (
        <Button look="primary" disabled={isBusy} onClick={() => void enter(asMe)}>
          Join as {identity.account.display_name}
        </Button>
      )}
      {identity && isLocal && <p className="front-or">or</p>}
      {(!identity || isLocal) && (
        <GuestForm isBusy={isBusy} isFirst={!identity} onJoin={(name) => void enter(() => asGuest(name))} />
      )}
      {error && (
        <p className="field-note" data-error role="alert">
          {error}
        </p>
      )}
    </>
  )
}

interface GuestFormProps {
  isBusy: boolean
  isFirst: boolean
  onJoin: (name: string) => void
}

function GuestForm({ isBusy, isFirst, onJoin }: GuestFormProps) {
  const [error, setError] = useState<string>()
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const name = displayName.safeParse(new FormData(event.currentTarget).get('name'))
    if (name.success) onJoin(name.data)
    else setError('Say a name of at most 100 characters.')
  }
  return (
    <form onSubmit={onSubmit} noValidate>
      <TextField label="Your name, as others will see it" name="name" autoComplete="name" error={error} />
      <Button look={isFirst ? 'primary' : 'plain'} type="submit" disabled={isBusy}>
        Join as a guest
      </Button>
    </form>
  )
}

/** In local mode the sign-in endpoint makes guests only; the machine's own account joins by the mutation. */
async function joinAsLocalAccount(token: string): Promise<void> {
  const data = { id: uuidv7(), name: 'session_members.join', input: JSON.stringify({ token }) }
  const answer = await mutate({ data })
  const result = answer.ok ? answer.value.result : answer
  if (!result.ok) throw new IdentityError(result.error.code, result.error.message)
}

/** Undefined while it is asked; null for nobody. */
function useIdentity(): Identity | null | undefined {
  const [identity, setIdentity] = useState<Identity | null>()
  useEffect(() => {
    whoami().then(setIdentity, () => setIdentity(null))
  }, [])
  return identity
}
