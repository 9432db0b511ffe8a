import { sql } from 'drizzle-orm'
import { v5 as uuidv5 } from 'uuid'
import type { Database, Transaction } from './client.ts'
import { recountSession } from './counters.ts'
import { insertAccount, insertMessage, insertSession, insertThread } from './factories.ts'
import { LOCAL_ACCOUNT_ID } from './local-account.ts'
import { accounts } from './schema/accounts.ts'
import { chatToolEvents } from './schema/chat-tool-events.ts'
import { sessions } from './schema/sessions.ts'
import { SEED_SESSIONS, type SeedSession, type SeedThread, type Speaker } from './seed-conversation.ts'

export type SeedSize = 'small' | 'large'

export const SEEDED: Record<Speaker, string> = {
  /** On a machine without sign-in Ada is whoever opens the browser. */
  ada: LOCAL_ACCOUNT_ID,
  ben: '01890000-0000-7000-8000-000000000002',
}

const START = Date.parse('2026-10-05T09:00:00Z')
const MINUTE = 60_000
export const MANY_MESSAGES = 10_000

/** The same ids, words and times each time. What is there already is left alone, also when people have changed it. */
export async function seed(db: Database, size: SeedSize = 'small'): Promise<void> {
  await db.transaction(null, async (tx) => {
    const local = { id: SEEDED.ada, display_name: 'Ada Marlow', kind: 'local' as const }
    await tx.insert(accounts).values(local).onConflictDoNothing()
    await insertAccount(tx, { id: SEEDED.ben, name: 'Ben Okoye' })
  })
  for (const [index, session] of SEED_SESSIONS.entries()) {
    await db.transaction(null, (tx) => seedSession(tx, session, START + index * 7 * 60 * MINUTE))
  }
  if (size === 'large') await seedLongThread(db)
}

function seedId(...names: (string | number)[]): string {
  return uuidv5(`${LOCAL_ACCOUNT_ID}:seed:${names.join(':')}`, uuidv5.URL)
}

async function seedSession(
  tx: Transaction,
  { title, members, threads }: SeedSession,
  start: number,
): Promise<void> {
  const id = seedId(title)
  if (!(await insertSeedSession(tx, id, title, members))) return
  let at = start
  for (const thread of threads) at = await seedThread(tx, id, thread, at + 30 * MINUTE)
  await recountSession(tx, id)
}

async function insertSeedSession(
  tx: Transaction,
  id: string,
  title: string,
  members: Speaker[],
): Promise<boolean> {
  const [existing] = await tx.select({ id: sessions.id }).from(sessions).where(sql`id = ${id}`)
  if (existing) return false
  const roles = members.map((who, index): [string, 'owner' | 'editor'] => [
    SEEDED[who],
    index === 0 ? 'owner' : 'editor',
  ])
  await insertSession(tx, { id, title, members: roles })
  return true
}

/** @returns the time of the last message. */
async function seedThread(
  tx: Transaction,
  session_id: string,
  thread: SeedThread,
  start: number,
): Promise<number> {
  const { title, mode, archived, messages, toolEvents = [] } = thread
  const thread_id = seedId(session_id, title)
  const status = archived ? 'archived' : 'active'
  const created_at = new Date(start)
  await insertThread(tx, { id: thread_id, session_id, title, mode, status, created_at })
  let at = start
  for (const [index, { by, text, after = 1, mentions = [], edited, removed }] of messages.entries()) {
    at += after * MINUTE
    const later = new Date(at + MINUTE / 2)
    await insertMessage(tx, {
      id: seedId(thread_id, index),
      session_id,
      thread_id,
      author_account_id: SEEDED[by],
      content: removed ? '' : text,
      mentions: mentions.map((who) => SEEDED[who]),
      created_at: new Date(at),
      edited_at: edited ? later : null,
      removed_at: removed ? later : null,
    })
  }
  for (const [index, { tool_name, arguments: args, outcome, took = 0 }] of toolEvents.entries()) {
    const started = at + (index + 1) * MINUTE
    const ended = outcome === 'executing' ? {} : { completed_at: new Date(started + took), latency_ms: took }
    await tx.insert(chatToolEvents).values({
      id: seedId(thread_id, 'tool', index),
      session_id,
      thread_id,
      tool_name,
      arguments: args,
      status: outcome === 'executing' ? 'executing' : 'result' in outcome ? 'succeeded' : 'failed',
      ...(outcome === 'executing' ? {} : outcome),
      ...ended,
      created_by_account_id: SEEDED.ben,
      started_at: new Date(started),
    })
  }
  return at
}

/** One thread as long as any that people have: what the screen and the measurements are tried on. */
async function seedLongThread(db: Database): Promise<void> {
  const title = 'A very long session'
  const session_id = seedId(title)
  const thread_id = seedId(session_id, 'General')
  await db.transaction(null, async (tx) => {
    if (!(await insertSeedSession(tx, session_id, title, ['ada', 'ben']))) return
    await insertThread(tx, { id: thread_id, session_id, title: 'General', mode: 'general' })
  })
  // In portions: each message updates its thread's row, and versions of a row pile up until the commit.
  for (let from = await nextPosition(db, thread_id); from <= MANY_MESSAGES; from += 500) {
    const to = Math.min(MANY_MESSAGES, from + 499)
    await db.transaction(null, async (tx) => {
      for (let n = from; n <= to; n++) {
        await insertMessage(tx, {
          id: seedId(thread_id, n),
          session_id,
          thread_id,
          author_account_id: n % 3 === 0 ? SEEDED.ada : SEEDED.ben,
          content: `Message ${n}${n % 10 === 0 ? `\n\n\`\`\`ts\nconst line = ${n}\n\`\`\`` : ''}`,
          created_at: new Date(START + n * MINUTE),
        })
      }
    })
  }
  await db.transaction(null, (tx) => recountSession(tx, session_id))
}

async function nextPosition(db: Database, threadId: string): Promise<number> {
  const { value } = await db.transaction(null, (tx) =>
    tx.execute<{ next: number }>(
      sql`select last_position + 1 as next from chat_threads where id = ${threadId}`,
    ),
  )
  return value[0]?.next ?? 1
}
