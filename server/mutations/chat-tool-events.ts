import { isDeepStrictEqual } from 'node:util'
import { eq, sql } from 'drizzle-orm'
import type { Transaction } from '#db/client.ts'
import { type ChatToolEvent, chatToolEvents } from '#db/schema/chat-tool-events.ts'
import { notFound } from '../access.ts'
import { AppError } from '../errors.ts'
import { lockThread, refuseArchivedThread } from './chat-threads.ts'
import { type Caller, changed, defineMutations, unchanged } from './define.ts'
import { lockSession, refuseArchived } from './session-lock.ts'

type Status = ChatToolEvent['status']

/** What may follow what; everything else is refused. Starting a new event goes through pending at once. */
const NEXT: Record<Status, readonly Status[]> = {
  pending: ['executing'],
  executing: ['succeeded', 'failed'],
  succeeded: [],
  failed: [],
  abandoned: [],
}

export const chatToolEventMutations = defineMutations('chat_tool_events', {
  async start(tx, caller, input) {
    const { id, session_id, thread_id, tool_name, arguments: args, tool_call_id = null } = input
    const locked = await lockSession(tx, caller, session_id, 'editor')
    const thread = thread_id === null ? null : await lockThread(tx, session_id, thread_id)
    const started = { session_id, thread_id, tool_name, tool_call_id, arguments: args }
    const [existing] = await tx.select().from(chatToolEvents).where(eq(chatToolEvents.id, id))
    if (existing && existing.session_id !== session_id) throw notFound()
    if (existing && !isSameCall(existing, started)) {
      throw new AppError('conflict', 'This session already has another tool event by this id.')
    }
    if (existing?.status === 'executing') return unchanged
    refuseArchived(locked)
    if (thread) refuseArchivedThread(thread)
    const executing = { status: 'executing', started_at: sql`clock_timestamp()` } as const
    if (existing) {
      refuseStep(existing.status, 'executing')
      await tx.update(chatToolEvents).set(executing).where(eq(chatToolEvents.id, id))
    } else {
      const created_by_account_id = caller.accountId
      await tx.insert(chatToolEvents).values({ id, ...started, ...executing, created_by_account_id })
    }
    return changed('chat_tool_events')
  },

  async succeed(tx, caller, { id, result }) {
    await complete(tx, caller, id, { status: 'succeeded', result })
    return changed('chat_tool_events')
  },

  async fail(tx, caller, { id, error }) {
    await complete(tx, caller, id, { status: 'failed', error })
    return changed('chat_tool_events')
  },
})

type Call = Pick<ChatToolEvent, 'session_id' | 'thread_id' | 'tool_name' | 'tool_call_id' | 'arguments'>

function isSameCall(existing: ChatToolEvent, call: Call): boolean {
  const { session_id, thread_id, tool_name, tool_call_id, arguments: args } = existing
  return isDeepStrictEqual({ session_id, thread_id, tool_name, tool_call_id, arguments: args }, call)
}

/** What runs may end in an archived session too: its outcome is not lost. */
async function complete(
  tx: Transaction,
  caller: Caller,
  id: string,
  outcome: Partial<ChatToolEvent> & { status: Status },
): Promise<void> {
  await lockSession(tx, caller, sql`(select session_id from chat_tool_events where id = ${id})`, 'editor')
  const [event] = await tx.select().from(chatToolEvents).where(eq(chatToolEvents.id, id))
  if (!event) throw notFound()
  refuseStep(event.status, outcome.status)
  // The statement's own time, one for both columns: latency and times agree, even after the clock was set back.
  const completed_at = sql`greatest(started_at, statement_timestamp())`
  const latency_ms = sql`least(2147483647, extract(epoch from ${completed_at} - started_at) * 1000)::int`
  await tx
    .update(chatToolEvents)
    .set({ ...outcome, completed_at, latency_ms })
    .where(eq(chatToolEvents.id, id))
}

function refuseStep(from: Status, to: Status): void {
  if (NEXT[from].includes(to)) return
  throw new AppError('conflict', `This tool event is ${from}: it cannot become ${to}.`)
}
