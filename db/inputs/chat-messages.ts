import * as z from 'zod/mini'
import { messageContent, newRowId, rowId } from './fields.ts'

export const sendMessage = z.strictObject({
  id: newRowId,
  session_id: rowId,
  thread_id: rowId,
  content: messageContent,
  mentions: z.optional(z.array(rowId).check(z.maxLength(200))),
})
export const editMessage = z.strictObject({
  id: rowId,
  content: messageContent,
  mentions: z.optional(z.array(rowId).check(z.maxLength(200))),
})
export const removeMessage = z.strictObject({ id: rowId })
