import { createServerFn } from '@tanstack/react-start'
import { asCaller } from './caller-function.ts'
import { type MutationCall, mutateByCall } from './mutate-by-call.ts'

export type { MutationCall, MutationReply } from './mutate-by-call.ts'

/** The interface's door to the mutations; what outlives the page goes through POST /api/mutations instead. */
export const mutate = createServerFn({ method: 'POST' })
  .validator((call: MutationCall) => call)
  .handler(({ data }) => asCaller('mutate', (ctx, caller) => mutateByCall(ctx, caller, data)))
