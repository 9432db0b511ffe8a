import { eq, sql } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { type ChatMessage, chatMessages } from '#db/schema/chat-messages.ts'
import { chatThreads } from '#db/schema/chat-threads.ts'
import { sessions } from '#db/schema/sessions.ts'
import { notFound } from '../access.ts'
import { AppError } from '../errors.ts'
import { type LockedThread, lockThread, refuseArchivedThread } from './chat-threads.ts'
import { type Caller, changed, defineMutations, type Outcome, unchanged } from './define.ts'
import { refreshLastMessage, updateInbox } from './inbox-fanout.ts'
import { type LockedSession, lockSession, refuseArchived } from './session-lock.ts'

export const chatMessageMutations = defineMutations('chat_messages', {
  async send(tx, caller, { id, session_id, thread_id, content, mentions = [] }) {
    const locked = await lockSession(tx, caller, session_id, 'editor')
    const [thread, repeated, mentioned] = await Promise.all([
      lockThread(tx, session_id, thread_id),
      sentBefore(tx, caller, { id, thread_id, content }),
      membersAmong(tx, session_id, mentions),
    ])
    if (repeated) return repeated
    refuseArchived(locked)
    refuseArchivedThread(thread)
    // The trigger gives the position, the time is taken under the lock: both follow the order of commits.
    const inserting = tx
      .insert(chatMessages)
      .values({
        id,
        session_id,
        thread_id,
        position: 0,
        author_account_id: caller.accountId,
        role: 'user',
        content,
        mentions: mentioned,
        created_at: sql`clock_timestamp()`,
      })
      .execute() // sent at once, so ahead of those that count it
    await Promise.all([inserting, countSent(tx, locked, id)])
    return changed('chat_messages')
  },

  async edit(tx, caller, { id, content, mentions = [] }) {
    const { message, thread, ...locked } = await lockOwnMessage(tx, caller, id)
    if (message.removed_at) throw new AppError('conflict', 'This message was removed.')
    const mentioned = await membersAmong(tx, message.session_id, mentions)
    if (message.content === content && sameMembers(message.mentions, mentioned)) return unchanged
    refuseArchived(locked)
    refuseArchivedThread(thread)
    await tx
      .update(chatMessages)
      .set({ content, mentions: mentioned, edited_at: sql`clock_timestamp()` })
      .where(eq(chatMessages.id, id))
    await refreshLastMessage(tx, message.session_id, message.thread_id)
    return changed('chat_messages')
  },

  async remove(tx, caller, { id }) {
    const { message } = await lockOwnMessage(tx, caller, id)
    if (message.removed_at) return unchanged
    await tx
      .update(chatMessages)
      .set({
        content: '',
        mentions: [],
        evidence: null,
        cited_events: null,
        removed_at: sql`clock_timestamp()`,
      })
      .where(eq(chatMessages.id, id))
    await countRemoved(tx, message)
    return changed('chat_messages')
  },
})

/** The same message under another mutation id is that message; another one by its id is refused. */
async function sentBefore(
  tx: Transaction,
  caller: Caller,
  sent: Pick<ChatMessage, 'id' | 'thread_id' | 'content'>,
): Promise<Outcome | undefined> {
  const { author_account_id, thread_id, content } = chatMessages
  const [existing] = await tx
    .select({ author_account_id, thread_id, content })
    .from(chatMessages)
    .where(eq(chatMessages.id, sent.id))
  if (!existing) return undefined
  if (existing.author_account_id !== caller.accountId) throw notFound()
  if (existing.thread_id === sent.thread_id && existing.content === sent.content) return unchanged
  throw new AppError('conflict', 'You already sent another message by this id.')
}

async function lockOwnMessage(
  tx: Transaction,
  caller: Caller,
  id: string,
): Promise<LockedSession & { thread: LockedThread; message: ChatMessage }> {
  const sessionId = sql`(select session_id from chat_messages where id = ${id})`
  const locked = await lockSession(tx, caller, sessionId, 'editor')
  // Under the session's lock a message cannot change; only then does its thread's lock follow.
  const [message] = await tx.select().from(chatMessages).where(eq(chatMessages.id, id))
  if (!message) throw notFound()
  if (message.author_account_id !== caller.accountId) {
    throw new AppError('forbidden', 'Only who wrote a message may change or remove it.')
  }
  return { ...locked, message, thread: await lockThread(tx, message.session_id, message.thread_id) }
}

/** Of the accounts mentioned, those who take part. A queued message is not refused because somebody left meanwhile. */
async function membersAmong(tx: Transaction, sessionId: string, accountIds: string[]): Promise<string[]> {
  if (accountIds.length === 0) return []
  const rows = await tx.execute<{ account_id: string }>(sql`
    select account_id from session_members
    where session_id = ${sessionId} and left_at is null
      and account_id in (${sql.join(
        accountIds.map((id) => sql`${id}::uuid`),
        sql`, `,
      )})
    order by account_id`)
  return rows.map((row) => row.account_id)
}

function sameMembers(left: string[], right: string[]): boolean {
  return left.length === right.length && left.every((id) => right.includes(id))
}

async function countSent(tx: Transaction, { session, member }: LockedSession, id: string): Promise<void> {
  const { created_at, preview } = {
    created_at: sql`(select created_at from chat_messages where id = ${id})`,
    preview: sql`(select left(content, 280) from chat_messages where id = ${id})`,
  }
  await Promise.all([
    tx.execute(sql`
      with thread as (
        update chat_threads t set message_count = message_count + 1,
          last_message_preview = left(m.content, 280), last_message_at = m.created_at
        from chat_messages m where m.id = ${id} and t.id = m.thread_id
      )
      update sessions s set message_count = message_count + 1, last_message_at = m.created_at
      from chat_messages m where m.id = ${id} and s.id = m.session_id`),
    updateInbox(
      tx,
      session.id,
      sql`unread_count = unread_count + (i.account_id <> ${member.account_id})::int,
          last_message_at = ${created_at}, last_message_preview = ${preview},
          last_message_author = ${member.display_name}`,
    ),
  ])
}

async function countRemoved(tx: Transaction, message: ChatMessage): Promise<void> {
  await tx
    .update(chatThreads)
    .set({ message_count: sql`message_count - 1` })
    .where(eq(chatThreads.id, message.thread_id))
  await tx
    .update(sessions)
    .set({ message_count: sql`message_count - 1` })
    .where(eq(sessions.id, message.session_id))
  await refreshLastMessage(tx, message.session_id, message.thread_id)
  const sentAt = sql`(select created_at from chat_messages where id = ${message.id})`
  await updateInbox(
    tx,
    message.session_id,
    sql`unread_count = greatest(0, unread_count - 1)`,
    sql`i.account_id <> ${message.author_account_id} and coalesce(i.last_read_at, '-infinity') < ${sentAt}`,
  )
}
