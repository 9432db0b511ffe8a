import { createServerFn } from '@tanstack/react-start'
import { getRequest } from '@tanstack/react-start/server'
import * as z from 'zod/mini'
import { callerOf } from '#server/auth/index.ts'
import { context } from '#server/context.ts'
import { mutate as apply } from '#server/mutations/index.ts'
import { logRefusal } from '#server/mutations/log-refusal.ts'

const envelope = z.object({ id: z.unknown(), name: z.unknown(), input: z.unknown() })

/** The interface's door to the mutations; what outlives the page goes through POST /api/mutations instead. */
export const mutate = createServerFn({ method: 'POST' })
  .validator((data: unknown) => z.parse(envelope, data))
  .handler(async ({ data }) => {
    const { db, env } = context()
    const result = await apply(db, await callerOf(getRequest()), data, { onRefusal: logRefusal })
    // As text: the id is whatever was sent, and the framework types what may cross.
    return JSON.stringify({ build: env.BUILD_ID, result })
  })
