import * as z from 'zod/mini'
import type { Database } from '#db/client.ts'
import type { MutationAnswer } from '#db/inputs/index.ts'
import { AppError, type ErrorBody, errorBody } from '../errors.ts'
import { cut } from '../log.ts'
import { readJson } from '../read-body.ts'
import { applyMutation } from './apply.ts'
import type { Caller } from './define.ts'

export type MutationResult =
  | ({ id: string | null; ok: true } & MutationAnswer)
  | ({ id: string | null; ok: false } & ErrorBody)

export interface MutationsBody {
  /** The build that answers; a tab of another one finishes its queue and offers to reload. */
  build: string
  results: MutationResult[]
}

export interface EndpointOptions {
  build?: string
  /** Told of each mutation that was refused, for the log. */
  onRefusal?: (error: AppError, mutation: { id: unknown; name: unknown }) => void
}

const MAX_BATCH = 100
export const MAX_BODY_BYTES = 8 * 1024 * 1024

// What is missing in one of them is that one's error, not the batch's.
const field = z.optional(z.unknown())
const batch = z.object({
  mutations: z.array(z.object({ id: field, name: field, input: field })).check(z.maxLength(MAX_BATCH)),
})
type Sent = z.output<typeof batch>['mutations'][number]

/** POST /api/mutations: a batch, applied in order, each in its own transaction and with its own result. */
export async function mutationsEndpoint(
  db: Database,
  caller: Caller,
  request: Request,
  options: EndpointOptions = {},
): Promise<Response> {
  const results: MutationResult[] = []
  for (const mutation of await readBatch(request)) {
    const before = results.at(-1)
    results.push(
      before && isUnavailable(before)
        ? notTried(mutation, before)
        : await mutate(db, caller, mutation, options),
    )
  }
  const body: MutationsBody = { build: options.build ?? 'development', results }
  return Response.json(body, { headers: { 'cache-control': 'private, no-store' } })
}

/** The other door: one mutation, called by the server function. */
export async function mutate(
  db: Database,
  caller: Caller,
  { id, name, input }: Sent,
  { onRefusal }: EndpointOptions = {},
): Promise<MutationResult> {
  try {
    return { id: echoed(id), ok: true, ...(await applyMutation(db, caller, { mutationId: id, name, input })) }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    onRefusal?.(error, { id, name })
    return { id: echoed(id), ok: false, ...errorBody(error) }
  }
}

function isUnavailable(result: MutationResult): boolean {
  return !result.ok && result.error.code === 'unavailable'
}

// What follows may build on what could not be written: the sender sends the rest again, in order.
function notTried({ id }: Sent, before: MutationResult): MutationResult {
  return { ...before, id: echoed(id) }
}

// It may be anything that JSON can say, of any length.
function echoed(id: unknown): string | null {
  return typeof id === 'string' ? cut(id) : null
}

async function readBatch(request: Request): Promise<Sent[]> {
  const parsed = batch.safeParse(await readJson(request, MAX_BODY_BYTES))
  if (parsed.success) return parsed.data.mutations
  throw new AppError(
    'invalid',
    `The body must be {"mutations": [{"id", "name", "input"}, …]} with at most ${MAX_BATCH} of them.`,
  )
}
