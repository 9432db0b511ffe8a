import { type SQL, sql } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'

/** Sets columns of every member's entry of a session; the entries, called `i`, are locked by account id. */
export async function updateInbox(
  tx: Transaction,
  sessionId: string,
  set: SQL,
  where: SQL = sql`true`,
): Promise<void> {
  await tx.execute(sql`
    with entry as materialized (
      select account_id from inbox_entries i where session_id = ${sessionId} and ${where}
      order by account_id for no key update
    )
    update inbox_entries i set ${set} from entry
    where i.session_id = ${sessionId} and i.account_id = entry.account_id`)
}

/**
 * Takes the last message of the session, and of a thread, from what is there now: after the newest one was
 * edited, removed or deleted with its thread. Rows that say so already are not touched.
 */
export async function refreshLastMessage(
  tx: Transaction,
  sessionId: string,
  threadId: string | null,
): Promise<void> {
  if (threadId !== null) {
    // Index scan backward on chat_messages_reading (session_id, thread_id, position).
    await tx.execute(sql`
      update chat_threads t set last_message_preview = m.preview, last_message_at = m.created_at
      from (select) one left join lateral (
        select left(content, 280) as preview, created_at from chat_messages
        where session_id = ${sessionId} and thread_id = ${threadId} and removed_at is null
        order by position desc limit 1
      ) m on true
      where t.id = ${threadId}
        and (t.last_message_preview, t.last_message_at) is distinct from (m.preview, m.created_at)`)
  }
  await tx.execute(sql`
    update sessions s set last_message_at = m.created_at from (${lastOfSession(sessionId)}) m
    where s.id = ${sessionId} and s.last_message_at is distinct from m.created_at`)
  await tx.execute(sql`
    with last as materialized (${lastOfSession(sessionId)}), entry as materialized (
      select i.account_id from inbox_entries i, last
      where i.session_id = ${sessionId}
        and (i.last_message_preview, i.last_message_author, i.last_message_at)
          is distinct from (last.preview, last.author, last.created_at)
      order by i.account_id for no key update of i
    )
    update inbox_entries i
    set last_message_preview = last.preview, last_message_author = last.author, last_message_at = last.created_at
    from entry, last
    where i.session_id = ${sessionId} and i.account_id = entry.account_id`)
}

/** Always one row, of nulls when there is no message. Index scan backward on chat_messages_unread (session_id, created_at). */
export function lastOfSession(sessionId: string): SQL {
  return sql`
    select m.created_at, left(m.content, 280) as preview, author.display_name as author
    from (select) one left join lateral (
      select session_id, author_account_id, content, created_at from chat_messages
      where session_id = ${sessionId} and removed_at is null
      order by created_at desc, id desc limit 1
    ) m on true
    left join session_members author on author.session_id = m.session_id and author.account_id = m.author_account_id`
}
