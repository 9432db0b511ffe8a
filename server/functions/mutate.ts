import { createServerFn } from '@tanstack/react-start'
import type { MutationAnswer } from '#db/inputs/index.ts'
import { AppError, type ErrorBody } from '#server/errors.ts'
import { mutate as apply } from '#server/mutations/index.ts'
import { logRefusal } from '#server/mutations/log-refusal.ts'
import { asCaller } from './caller-function.ts'

export interface MutationCall {
  id: string
  name: string
  /** As JSON text: its schema is the mutation's, known only by its name. */
  input: string
}

export interface MutationReply {
  build: string
  result: ({ ok: true } & MutationAnswer) | ({ ok: false } & ErrorBody)
}

/** The interface's door to the mutations; what outlives the page goes through POST /api/mutations instead. */
export const mutate = createServerFn({ method: 'POST' })
  .validator((call: MutationCall) => call)
  .handler(({ data }) =>
    asCaller('mutate', async ({ db, env }, caller): Promise<MutationReply> => {
      const { id: _, ...result } = await apply(
        db,
        caller,
        { ...data, input: parsed(data.input) },
        { onRefusal: logRefusal },
      )
      return { build: env.BUILD_ID, result }
    }),
  )

function parsed(input: unknown): unknown {
  try {
    return JSON.parse(String(input))
  } catch (cause) {
    throw new AppError('invalid', 'The input is not JSON.', { cause })
  }
}
