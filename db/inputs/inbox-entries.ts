import * as z from 'zod/mini'
import { rowId } from './fields.ts'

/** Everything in the session up to and including this message has been seen. */
export const markRead = z.strictObject({ session_id: rowId, message_id: rowId })
export const pinSession = z.strictObject({ session_id: rowId, pinned: z.boolean() })
