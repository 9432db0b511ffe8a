import * as z from 'zod/mini'
import type { MutationAnswer } from '#db/inputs/index.ts'
import { checked } from '../auth/checked-input.ts'
import type { Caller } from '../auth/index.ts'
import type { AppContext } from '../context.ts'
import { AppError, type ErrorBody } from '../errors.ts'
import { mutate } from '../mutations/index.ts'
import { logRefusal } from '../mutations/log-refusal.ts'

// What is wrong with the mutation itself is its own error, found where it is applied.
const mutationCall = z.strictObject({
  id: z.string(),
  name: z.string(),
  /** As JSON text: its schema is the mutation's, known only by its name. */
  input: z.string(),
})

export type MutationCall = z.output<typeof mutationCall>

export interface MutationReply {
  build: string
  result: ({ ok: true } & MutationAnswer) | ({ ok: false } & ErrorBody)
}

/** @throws AppError invalid when this is no call. */
export async function mutateByCall(
  { db, env, log }: Pick<AppContext, 'db' | 'log'> & { env: Pick<AppContext['env'], 'BUILD_ID'> },
  caller: Caller,
  data: unknown,
): Promise<MutationReply> {
  const { id, name, input } = checked(data, mutationCall)
  const sent = { id, name, input: parsed(input) }
  const { id: _, ...result } = await mutate(db, caller, sent, { onRefusal: logRefusal(log) })
  return { build: env.BUILD_ID, result }
}

function parsed(input: string): unknown {
  try {
    return JSON.parse(input)
  } catch (cause) {
    throw new AppError('invalid', 'The input is not JSON.', { cause })
  }
}
