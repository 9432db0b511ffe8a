import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, sql } from 'drizzle-orm'
import type { Database, Transaction } from '#db/client.ts'
import type { MutationAnswer, MutationInput, MutationName } from '#db/inputs/index.ts'
import { appliedMutations } from '#db/schema/applied-mutations.ts'
import { AppError, must } from '../errors.ts'
import { asRefusal, isWorthRetrying } from './database-errors.ts'
import type { Caller, Mutation, Outcome } from './define.ts'
import { mutations } from './registry.ts'
import { type SentMutation, type ValidMutation, validate } from './validate.ts'

const ATTEMPTS = 5

/**
 * Applies a mutation once: authorised, written and recorded in one transaction. The one handler behind both doors.
 * The same id again gets the first answer and writes nothing.
 * @throws AppError with what the caller did wrong, or `unavailable` when sending it again can help.
 */
export async function applyMutation(
  db: Database,
  caller: Caller,
  sent: SentMutation,
): Promise<MutationAnswer> {
  const mutation = validate(sent)
  for (let attempt = 1; ; attempt++) {
    try {
      return (await db.transaction(caller.accountId, (tx) => applyOnce(tx, caller, mutation))).value
    } catch (error) {
      if (attempt === ATTEMPTS || !isWorthRetrying(error)) throw asRefusal(error)
      await delay(10 * attempt * Math.random()) // apart, so that the two that met do not meet again
    }
  }
}

async function applyOnce(tx: Transaction, caller: Caller, mutation: ValidMutation): Promise<MutationAnswer> {
  // First of all: a duplicate that arrives meanwhile waits here for our commit, and then finds the answer.
  const claimed = await tx
    .insert(appliedMutations)
    .values({
      account_id: caller.accountId,
      mutation_id: mutation.mutationId,
      name: mutation.name,
      input_sha256: digest(mutation.input),
    })
    .onConflictDoNothing()
    .returning({ mutation_id: appliedMutations.mutation_id })
  if (claimed.length === 0) return firstAnswer(tx, caller, mutation)
  return record(tx, caller, mutation, await run(tx, caller, mutation))
}

async function firstAnswer(
  tx: Transaction,
  caller: Caller,
  mutation: ValidMutation,
): Promise<MutationAnswer> {
  const [first] = await tx.select().from(appliedMutations).where(isRecordOf(caller, mutation))
  const { name, input_sha256, result } = must(first, 'what was claimed is there')
  if (name !== mutation.name || input_sha256 !== digest(mutation.input)) {
    throw new AppError('conflict', 'This mutation id was already used for another change. Use a new id.')
  }
  return must(result, 'a claim commits with its answer') as MutationAnswer // stored by record() below
}

function run(tx: Transaction, caller: Caller, { name, input }: ValidMutation): Promise<Outcome> {
  // validate() paired name and input; a union of pairs does not pick the function of its own name.
  const mutation = mutations[name] as Mutation<MutationName>
  return mutation(tx, caller, input as MutationInput<MutationName>)
}

async function record(
  tx: Transaction,
  caller: Caller,
  mutation: ValidMutation,
  { changed, awaits }: Outcome,
): Promise<MutationAnswer> {
  // The id of this very transaction, in 32 bits as the stream carries it.
  const txid = changed ? sql`pg_current_xact_id()::xid::text::bigint` : sql`null`
  const [recorded] = await tx
    .update(appliedMutations)
    .set({ result: sql`jsonb_build_object('txid', ${txid}, 'awaits', ${awaits}::text)` })
    .where(isRecordOf(caller, mutation))
    .returning({ result: appliedMutations.result })
  return must(recorded?.result, 'the claim is ours') as MutationAnswer // as built two lines above
}

function isRecordOf(caller: Caller, { mutationId }: ValidMutation) {
  return and(eq(appliedMutations.account_id, caller.accountId), eq(appliedMutations.mutation_id, mutationId))
}

/** The order of an object's keys is no difference. */
function digest(input: unknown): string {
  const sorted = JSON.stringify(input, (_, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
  return createHash('sha256').update(sorted).digest('hex')
}
