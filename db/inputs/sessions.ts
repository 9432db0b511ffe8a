import * as z from 'zod/mini'
import { newRowId, rowId, title } from './fields.ts'

export const createSession = z.strictObject({ id: newRowId, title })
export const renameSession = z.strictObject({ id: rowId, title })
export const archiveSession = z.strictObject({ id: rowId, archived: z.boolean() })
export const removeSession = z.strictObject({ id: rowId })
