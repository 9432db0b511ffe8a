import * as z from 'zod/mini'
import { json, newRowId, rowId, shortText, toolName } from './fields.ts'

export const startToolEvent = z.strictObject({
  id: newRowId,
  session_id: rowId,
  thread_id: z.nullable(rowId),
  tool_name: toolName,
  tool_call_id: z.optional(shortText(200)),
  arguments: json,
})
export const succeedToolEvent = z.strictObject({ id: rowId, result: json })
export const failToolEvent = z.strictObject({
  id: rowId,
  error: shortText(10_000),
})
