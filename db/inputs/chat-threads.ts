import * as z from 'zod/mini'
import { newRowId, rowId, title } from './fields.ts'

export const createThread = z.strictObject({
  id: newRowId,
  session_id: rowId,
  mode: z.enum(['session', 'general']),
  title,
})
export const renameThread = z.strictObject({ id: rowId, title })
export const archiveThread = z.strictObject({ id: rowId, archived: z.boolean() })
export const removeThread = z.strictObject({ id: rowId })
