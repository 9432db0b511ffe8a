import type { Invitation } from '#db/schema/invitations.ts'
import { invitationsOf } from '#server/functions/invitations.ts'

export type LiveInvitation = Pick<Invitation, 'id' | 'role' | 'uses' | 'max_uses' | 'expires_at'>

/** The session's invitations that can still be used. @throws Error with the server's sentence. */
export async function liveInvitations(sessionId: string): Promise<readonly LiveInvitation[]> {
  const answer = await invitationsOf({ data: sessionId })
  if (answer.ok) return answer.value
  throw new Error(answer.error.message)
}
