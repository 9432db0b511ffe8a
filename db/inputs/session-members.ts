import * as z from 'zod/mini'
import { displayName, rowId } from './fields.ts'

/** What a link's secret looks like: 32 random bytes in base64url. */
export const invitationToken = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/, 'is not an invitation'))

export const joinSession = z.strictObject({ token: invitationToken })
export const changeMemberRole = z.strictObject({
  session_id: rowId,
  account_id: rowId,
  role: z.enum(['owner', 'editor', 'viewer']),
})
export const removeMember = z.strictObject({ session_id: rowId, account_id: rowId })
export const leaveSession = z.strictObject({ session_id: rowId })
/** Makes the other member an owner and the caller an editor. */
export const handOverSession = z.strictObject({ session_id: rowId, account_id: rowId })

/**
 * A guest's name, asked for when an invitation is accepted without signing in. With an `id` of the browser's own making
 * the same again, after an answer that was lost, is the same guest. Nobody else may know it.
 */
export const acceptInvitation = z.strictObject({
  id: z.optional(rowId),
  token: invitationToken,
  display_name: displayName,
})
