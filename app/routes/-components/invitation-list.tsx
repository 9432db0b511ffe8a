import { useEffect, useState } from 'react'
import { Button } from '#app/components/controls/button.tsx'
import { dateOnly, fullMoment } from '#app/components/messages/moments.ts'
import { type LiveInvitation, liveInvitations } from './live-invitations.ts'
import { reasonOf, useChange } from './use-change.ts'

/** Links that still work, and the way to stop them. Asked for when the dialog opens: invitations are never synced. */
export function InvitationList({ sessionId }: { sessionId: string }) {
  const change = useChange()
  const [invitations, setInvitations] = useState<readonly LiveInvitation[]>([])
  const [error, setError] = useState<string>()
  useEffect(() => {
    let isCurrent = true
    liveInvitations(sessionId).then(
      (found) => isCurrent && setInvitations(found),
      (cause) => isCurrent && setError(`The links cannot be listed. ${reasonOf(cause)}`),
    )
    return () => {
      isCurrent = false
    }
  }, [sessionId])
  const revoke = (id: string) => {
    const started = change('invitations.revoke', { id }, 'The link still works.')
    started?.done.then(
      () => setInvitations((shown) => shown.filter((each) => each.id !== id)),
      () => undefined, // said by change()
    )
  }
  if (error) return <p className="field-note">{error}</p>
  if (invitations.length === 0) return null
  return (
    <section className="invitations" aria-labelledby="live-links">
      <h3 id="live-links">Links that work</h3>
      <ul>
        {invitations.map(({ id, role, uses, max_uses, expires_at }) => (
          <li key={id}>
            <span>
              {role === 'viewer' ? 'Read only' : 'Read and write'}
              <small>
                used {uses} of {max_uses}, until{' '}
                <time dateTime={expires_at.toISOString()} title={fullMoment(expires_at)}>
                  {dateOnly(expires_at)}
                </time>
              </small>
            </span>
            <Button look="quiet" onClick={() => revoke(id)}>
              Revoke
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}
