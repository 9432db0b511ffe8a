import { eq, sql } from 'drizzle-orm'
import { v5 as uuidv5 } from 'uuid'
import type { Transaction } from '#db/client.ts'
import type { MutationInput } from '#db/inputs/index.ts'
import { chatThreads } from '#db/schema/chat-threads.ts'
import { sessions } from '#db/schema/sessions.ts'
import { notFound } from '../access.ts'
import { AppError } from '../errors.ts'
import { type Caller, changed, defineMutations, type Outcome, unchanged } from './define.ts'
import { updateInbox } from './inbox-fanout.ts'
import { ownName, takeIn } from './membership.ts'
import { lockSession } from './session-lock.ts'

const FIRST_THREAD = '6f1d3c2e-7a54-5b0f-9c38-2f8d1be04a77'

/** Derived, so that a client can open the thread of a session that it just made. */
export function firstThreadId(accountId: string, sessionId: string): string {
  return uuidv5(`${accountId}:${sessionId}`, FIRST_THREAD)
}

export const sessionMutations = defineMutations('sessions', {
  async create(tx, caller, input) {
    const repeated = await createdBefore(tx, caller, input)
    if (repeated) return repeated
    const { id, title } = input
    const name = await ownName(tx, caller)
    await tx
      .insert(sessions)
      .values({ id, title, owner_account_id: caller.accountId, member_count: 1, thread_count: 1 })
    await takeIn(tx, { id, title }, { accountId: caller.accountId, name, role: 'owner' })
    await tx.insert(chatThreads).values({
      id: firstThreadId(caller.accountId, id),
      session_id: id,
      mode: 'general',
      title: 'General',
      created_by_account_id: caller.accountId,
    })
    return changed('inbox_entries')
  },

  async rename(tx, caller, { id, title }) {
    const { session } = await lockSession(tx, caller, id, 'editor')
    if (session.title === title) return unchanged
    await tx.update(sessions).set({ title }).where(eq(sessions.id, id))
    await updateInbox(tx, id, sql`title = ${title}`)
    return changed('inbox_entries')
  },

  async archive(tx, caller, { id, archived }) {
    const { session } = await lockSession(tx, caller, id, 'owner')
    if ((session.archived_at !== null) === archived) return unchanged
    const archived_at = archived ? sql`now()` : sql`null`
    await tx.update(sessions).set({ archived_at }).where(eq(sessions.id, id))
    await updateInbox(tx, id, sql`archived_at = ${archived_at}`)
    return changed('inbox_entries')
  },

  async remove(tx, caller, { id }) {
    await lockSession(tx, caller, id, 'owner')
    await tx.delete(sessions).where(eq(sessions.id, id))
    return changed('inbox_entries')
  },
})

async function createdBefore(
  tx: Transaction,
  caller: Caller,
  { id, title }: MutationInput<'sessions.create'>,
): Promise<Outcome | undefined> {
  const [existing] = await tx.select().from(sessions).where(eq(sessions.id, id))
  if (!existing) return undefined
  if (existing.owner_account_id !== caller.accountId) throw notFound()
  if (existing.title === title) return unchanged
  throw new AppError('conflict', 'You already have a session by this id, with another title.')
}
