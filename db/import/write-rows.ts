import { eq, sql } from 'drizzle-orm'
import type { Transaction } from '../client.ts'
import { chatMessages } from '../schema/chat-messages.ts'
import { chatThreads } from '../schema/chat-threads.ts'
import { chatToolEvents } from '../schema/chat-tool-events.ts'
import { sessions } from '../schema/sessions.ts'
import type { Decisions } from './fates.ts'
import type { PlannedRow, PlannedSession } from './plan.ts'
import { chunks, uuids } from './present.ts'

/** Sessions that did not exist, with the account as their only member; what they count comes afterwards. */
export async function writeSessions(
  tx: Transaction,
  accountId: string,
  created: PlannedSession[],
): Promise<void> {
  const rows = created.map((session) => ({ ...session, owner_account_id: accountId }))
  for (const some of chunks(rows, 1000)) {
    await tx.insert(sessions).values(some)
    await tx.execute(sql`
      insert into session_members (session_id, account_id, display_name, role)
      select s.id, a.id, a.display_name, 'owner' from sessions s join accounts a on a.id = s.owner_account_id
      where s.id = any(${uuids(some.map(({ id }) => id))})`)
  }
}

/** In the order of the plan: a trigger gives each message the next position of its thread. */
export async function writeRows(
  tx: Transaction,
  decisions: Decisions,
  onProgress: (written: number, of: number) => void,
): Promise<void> {
  const writes = decisions.records.flatMap(({ write }) => (write ? [write] : []))
  const inserted = writes.flatMap(({ how, row }) => (how === 'insert' ? [row] : []))
  const threads = inserted.flatMap((row) => (row.table === 'chat_threads' ? [row.values] : []))
  const messages = inserted.flatMap((row) => (row.table === 'chat_messages' ? [row.values] : []))
  const toolEvents = inserted.flatMap((row) => (row.table === 'chat_tool_events' ? [row.values] : []))
  for (const some of chunks([...threads, ...decisions.extraThreads], 1000)) {
    await tx.insert(chatThreads).values(some)
  }
  let written = 0
  for (const some of chunks(messages, 500)) {
    await tx.insert(chatMessages).values(some.map((message) => ({ ...message, position: 0 })))
    written += some.length
    onProgress(written, messages.length)
  }
  for (const some of chunks(toolEvents, 500)) await tx.insert(chatToolEvents).values(some)
  for (const { targetId, write } of decisions.records) {
    if (write?.how === 'update' && targetId) await updateRow(tx, targetId, write.row)
  }
}

/** The owner's entries of sessions just made: what is in them counts as read, also where a clock ran ahead. */
export async function writeInbox(tx: Transaction, sessionIds: string[]): Promise<void> {
  await tx.execute(sql`
    insert into inbox_entries (account_id, session_id, title, last_read_at)
    select s.owner_account_id, s.id, s.title, greatest(clock_timestamp(), max(m.created_at))
    from sessions s left join chat_messages m on m.session_id = s.id
    where s.id = any(${uuids(sessionIds)}) group by s.id`)
}

// A row stays where it is: scope, thread and position never change.
async function updateRow(tx: Transaction, rowId: string, { table, values }: PlannedRow): Promise<void> {
  if (table === 'chat_threads') {
    const { mode, title, status } = values
    await tx.update(chatThreads).set({ mode, title, status }).where(eq(chatThreads.id, rowId))
  } else if (table === 'chat_messages') {
    const { id, session_id, thread_id, ...editable } = values
    await tx.update(chatMessages).set(editable).where(eq(chatMessages.id, rowId))
  } else {
    const { id, session_id, thread_id, ...editable } = values
    await tx.update(chatToolEvents).set(editable).where(eq(chatToolEvents.id, rowId))
  }
}
