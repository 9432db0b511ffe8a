import { sql } from 'drizzle-orm'
import type { Transaction } from './client.ts'

/** Makes a session's counters, previews and inbox entries say what its rows say. For rows that were put there in bulk. */
export async function recountSession(tx: Transaction, sessionId: string): Promise<void> {
  await tx.execute(sql`select from sessions where id = ${sessionId} for no key update`)
  await tx.execute(sql`
    update chat_threads t set
      message_count = (select count(*) from chat_messages m where m.session_id = t.session_id and m.thread_id = t.id and m.removed_at is null),
      (last_message_preview, last_message_at) = (
        select left(content, 280), created_at from chat_messages m
        where m.session_id = t.session_id and m.thread_id = t.id and m.removed_at is null order by position desc limit 1)
    where t.session_id = ${sessionId}`)
  await tx.execute(sql`
    update sessions s set
      member_count = (select count(*) from session_members where session_id = s.id and left_at is null),
      thread_count = (select count(*) from chat_threads where session_id = s.id),
      message_count = (select count(*) from chat_messages where session_id = s.id and removed_at is null),
      last_message_at = (select max(created_at) from chat_messages where session_id = s.id and removed_at is null)
    where s.id = ${sessionId}`)
  await tx.execute(sql`
    update inbox_entries i set
      unread_count = (
        select count(*) from chat_messages m
        where m.session_id = i.session_id and m.removed_at is null
          and m.author_account_id is distinct from i.account_id
          and m.created_at > coalesce(i.last_read_at, '-infinity')),
      (last_message_preview, last_message_at, last_message_author) = (
        select left(m.content, 280), m.created_at, author.display_name
        from chat_messages m
        left join session_members author on author.session_id = m.session_id and author.account_id = m.author_account_id
        where m.session_id = i.session_id and m.removed_at is null order by m.created_at desc, m.id desc limit 1)
    where i.session_id = ${sessionId}`)
}
