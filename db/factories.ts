import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Database, Transaction } from './client.ts'
import { accounts } from './schema/accounts.ts'
import { type ChatMessage, chatMessages } from './schema/chat-messages.ts'
import { type ChatThread, chatThreads } from './schema/chat-threads.ts'
import { inboxEntries } from './schema/inbox-entries.ts'
import { type MemberRole, sessionMembers } from './schema/session-members.ts'
import { sessions } from './schema/sessions.ts'

/** Rows for tests and seeds, put there as they are: no authorisation, no counters (see counters.ts). */

export async function insertAccount(
  tx: Transaction,
  account: { id?: string; name: string },
): Promise<string> {
  const id = account.id ?? uuidv7()
  await tx.insert(accounts).values({ id, display_name: account.name, kind: 'full' }).onConflictDoNothing()
  return id
}

export interface NewSession {
  id?: string
  title: string
  /** Account ids with their roles; the first is the owner of the session's log. */
  members: [accountId: string, role: MemberRole][]
}

export async function insertSession(tx: Transaction, { id = uuidv7(), title, members }: NewSession) {
  const [first] = members
  if (!first) throw new TypeError('A session needs at least one member.')
  await tx.insert(sessions).values({ id, title, owner_account_id: first[0], member_count: members.length })
  for (const [account_id, role] of members) {
    const display_name = sql`(select display_name from accounts where id = ${account_id})`
    await tx.insert(sessionMembers).values({ session_id: id, account_id, role, display_name })
    await tx.insert(inboxEntries).values({ session_id: id, account_id, title })
  }
  return id
}

export async function insertThread(
  tx: Transaction,
  thread: Partial<ChatThread> & Pick<ChatThread, 'session_id' | 'title'>,
): Promise<string> {
  const id = thread.id ?? uuidv7()
  await tx.insert(chatThreads).values({ mode: 'general', ...thread, id })
  return id
}

export async function insertMessage(
  tx: Transaction,
  message: Partial<ChatMessage> & Pick<ChatMessage, 'session_id' | 'thread_id' | 'content'>,
): Promise<string> {
  const id = message.id ?? uuidv7()
  await tx.insert(chatMessages).values({ role: 'user', created_at: new Date(), ...message, id, position: 0 })
  return id
}

/** People who share a session with one thread; each name is its account's. */
export async function shareSession(
  db: Database,
  people: Record<string, MemberRole>,
): Promise<{ session_id: string; thread_id: string; accounts: Record<string, string> }> {
  const { value } = await db.transaction(null, async (tx) => {
    const ids: Record<string, string> = {}
    const members: NewSession['members'] = []
    for (const [name, role] of Object.entries(people)) {
      const id = await insertAccount(tx, { name })
      ids[name] = id
      members.push([id, role])
    }
    const session_id = await insertSession(tx, { title: 'Shared', members })
    const thread_id = await insertThread(tx, { session_id, title: 'General' })
    await tx.execute(sql`update sessions set thread_count = 1 where id = ${session_id}`)
    return { session_id, thread_id, accounts: ids }
  })
  return value
}
