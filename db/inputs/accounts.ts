import * as z from 'zod/mini'
import { displayName } from './fields.ts'

export const renameAccount = z.strictObject({ display_name: displayName })
