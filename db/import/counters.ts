import { sql } from 'drizzle-orm'
import type { Transaction } from '../client.ts'
import { uuids } from './present.ts'

/**
 * Counts anew what threads, sessions and session lists say about their messages: the old counters drifted, and rows
 * came in. Rows that say so already are not touched. Expects the sessions' locks; takes threads, then list entries.
 */
export async function recount(tx: Transaction, sessionIds: string[]): Promise<void> {
  const ours = uuids(sessionIds)
  // The last message of a thread is the one at its end, that of a session the newest: as when one is sent.
  await tx.execute(sql`
    update chat_threads t
    set message_count = c.count, last_message_preview = c.preview, last_message_at = c.created_at
    from (
      select t.id, last.preview, last.created_at,
        (select count(*)::int from chat_messages m where m.thread_id = t.id and m.removed_at is null) as count
      from chat_threads t left join lateral (
        select left(m.content, 280) as preview, m.created_at from chat_messages m
        where m.session_id = t.session_id and m.thread_id = t.id and m.removed_at is null
        order by m.position desc limit 1
      ) last on true
      where t.session_id = any(${ours})
    ) c
    where t.id = c.id and (t.message_count, t.last_message_preview, t.last_message_at)
      is distinct from (c.count, c.preview, c.created_at)`)
  await tx.execute(sql`
    update sessions s
    set thread_count = c.threads, message_count = c.messages, member_count = c.members, last_message_at = c.newest
    from (
      select s.id,
        (select count(*)::int from chat_threads t where t.session_id = s.id) as threads,
        (select count(*)::int from chat_messages m where m.session_id = s.id and m.removed_at is null) as messages,
        (select count(*)::int from session_members p where p.session_id = s.id and p.left_at is null) as members,
        (select max(m.created_at) from chat_messages m where m.session_id = s.id and m.removed_at is null) as newest
      from sessions s where s.id = any(${ours})
    ) c
    where s.id = c.id and (s.thread_count, s.message_count, s.member_count, s.last_message_at)
      is distinct from (c.threads, c.messages, c.members, c.newest)`)
}

/** The list entries of everybody who takes part, made where the import made the session: there all counts as read. */
export async function refreshInbox(tx: Transaction, sessionIds: string[]): Promise<void> {
  const last = sql`
    select s.id as session_id, s.title, m.created_at, left(m.content, 280) as preview, author.display_name as author
    from sessions s left join lateral (
      select m.* from chat_messages m where m.session_id = s.id and m.removed_at is null
      order by m.created_at desc, m.id desc limit 1
    ) m on true
    left join session_members author on author.session_id = s.id and author.account_id = m.author_account_id
    where s.id = any(${uuids(sessionIds)})`
  await tx.execute(sql`
    with last as materialized (${last}), entry as materialized (
      select i.account_id, i.session_id from inbox_entries i join last using (session_id)
      order by i.session_id, i.account_id for no key update of i
    ), counted as (
      select entry.*, (
        select count(*)::int from chat_messages m join inbox_entries i
          on i.account_id = entry.account_id and i.session_id = entry.session_id
        where m.session_id = entry.session_id and m.removed_at is null
          and m.created_at > coalesce(i.last_read_at, '-infinity')
          and m.author_account_id is distinct from entry.account_id
      ) as unread from entry
    )
    update inbox_entries i
    set last_message_at = last.created_at, last_message_preview = last.preview, last_message_author = last.author,
        unread_count = counted.unread
    from last, counted
    where i.session_id = last.session_id and counted.session_id = i.session_id and counted.account_id = i.account_id
      and (i.last_message_at, i.last_message_preview, i.last_message_author, i.unread_count)
        is distinct from (last.created_at, last.preview, last.author, counted.unread)`)
  await tx.execute(sql`
    insert into inbox_entries (account_id, session_id, title, last_read_at,
                               last_message_at, last_message_preview, last_message_author)
    select p.account_id, last.session_id, last.title, greatest(clock_timestamp(), last.created_at),
           last.created_at, last.preview, last.author
    from (${last}) last join session_members p on p.session_id = last.session_id and p.left_at is null
    order by last.session_id, p.account_id
    on conflict do nothing`)
}
