import { invitationsOf } from '#server/functions/invitations.ts'
import { IdentityError } from './identity.ts'

export type LiveInvitation = Awaited<ReturnType<typeof liveInvitations>>[number]

/** The session's invitations that can still be used. */
export async function liveInvitations(sessionId: string) {
  const answer = await invitationsOf({ data: sessionId })
  if (answer.ok) return answer.value
  throw new IdentityError(answer.error.code, answer.error.message)
}
