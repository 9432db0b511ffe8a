import * as z from 'zod/mini'
import { newRowId, rowId } from './fields.ts'

/** The link's secret is made by the caller and never sent here: the server gets its SHA-256 in hex. */
export const createInvitation = z.strictObject({
  id: newRowId,
  session_id: rowId,
  token_hash: z.string().check(z.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex')),
  role: z.enum(['editor', 'viewer']),
  expires_in_days: z.number().check(z.int(), z.minimum(1), z.maximum(90)),
  max_uses: z.number().check(z.int(), z.minimum(1), z.maximum(200)),
})
export const revokeInvitation = z.strictObject({ id: rowId })
