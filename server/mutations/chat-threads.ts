import { and, eq, sql } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { type ChatThread, chatThreads } from '#db/schema/chat-threads.ts'
import { sessions } from '#db/schema/sessions.ts'
import { notFound } from '../access.ts'
import { AppError } from '../errors.ts'
import { type Caller, changed, defineMutations, unchanged } from './define.ts'
import { refreshLastMessage, updateInbox } from './inbox-fanout.ts'
import { type LockedSession, lockSession, refuseArchived } from './session-lock.ts'

export const chatThreadMutations = defineMutations('chat_threads', {
  async create(tx, caller, { id, session_id, mode, title }) {
    const locked = await lockSession(tx, caller, session_id, 'editor')
    const [existing] = await tx.select().from(chatThreads).where(eq(chatThreads.id, id))
    if (existing) {
      if (existing.session_id !== session_id) throw notFound()
      if (existing.mode === mode && existing.title === title) return unchanged
      throw new AppError('conflict', 'This session already has another thread by this id.')
    }
    refuseArchived(locked)
    await tx
      .insert(chatThreads)
      .values({ id, session_id, mode, title, created_by_account_id: caller.accountId })
    await tx.update(sessions).set({ thread_count: sql`thread_count + 1` }).where(eq(sessions.id, session_id))
    return changed('chat_threads')
  },

  async rename(tx, caller, { id, title }) {
    const { thread } = await lockByThread(tx, caller, id)
    if (thread.title === title) return unchanged
    await tx.update(chatThreads).set({ title }).where(eq(chatThreads.id, id))
    return changed('chat_threads')
  },

  async archive(tx, caller, { id, archived }) {
    const { thread } = await lockByThread(tx, caller, id)
    const status = archived ? 'archived' : 'active'
    if (thread.status === status) return unchanged
    await tx.update(chatThreads).set({ status }).where(eq(chatThreads.id, id))
    return changed('chat_threads')
  },

  async remove(tx, caller, { id }) {
    const { thread, session } = await lockByThread(tx, caller, id)
    await tx.delete(chatThreads).where(eq(chatThreads.id, id))
    await tx
      .update(sessions)
      .set({
        thread_count: sql`thread_count - 1`,
        message_count: sql`message_count - ${thread.message_count}`,
      })
      .where(eq(sessions.id, session.id))
    await refreshLastMessage(tx, session.id, null)
    await recountUnread(tx, session.id)
    return changed('chat_threads')
  },
})

export type LockedThread = Pick<ChatThread, 'id' | 'title' | 'status' | 'message_count'>

/** @throws AppError not_found when the session has no such thread. */
export async function lockThread(tx: Transaction, sessionId: string, id: string): Promise<LockedThread> {
  const { title, status, message_count } = chatThreads
  const [thread] = await tx
    .select({ id: chatThreads.id, title, status, message_count })
    .from(chatThreads)
    .where(and(eq(chatThreads.id, id), eq(chatThreads.session_id, sessionId)))
    .for('no key update')
  if (!thread) throw notFound()
  return thread
}

export function refuseArchivedThread({ status }: LockedThread): void {
  if (status === 'active') return
  throw new AppError('conflict', 'This thread is archived: it can be read, not written. Unarchive it first.')
}

async function lockByThread(
  tx: Transaction,
  caller: Caller,
  id: string,
): Promise<LockedSession & { thread: LockedThread }> {
  const sessionId = sql`(select session_id from chat_threads where id = ${id})`
  const locked = await lockSession(tx, caller, sessionId, 'editor')
  return { ...locked, thread: await lockThread(tx, locked.session.id, id) }
}

/** After messages went away with their thread. Who has read everything had none of them unread. */
async function recountUnread(tx: Transaction, sessionId: string): Promise<void> {
  const unread = sql`unread_count = (
    select count(*) from chat_messages m
    where m.session_id = i.session_id and m.removed_at is null
      and m.author_account_id is distinct from i.account_id
      and m.created_at > coalesce(i.last_read_at, '-infinity'))`
  await updateInbox(tx, sessionId, unread, sql`i.unread_count > 0`)
}
