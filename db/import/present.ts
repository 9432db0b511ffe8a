import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Transaction } from '../client.ts'
import { type ImportRecord, importRecords } from '../schema/import-records.ts'
import type { ImportPlan, PlannedRecord, PlannedRow } from './plan.ts'

/** What an earlier run kept of a record; the raw form itself is not needed to compare. */
export type Prior = Pick<
  ImportRecord,
  'id' | 'kind' | 'legacy_id' | 'raw_sha256' | 'target_id' | 'target_sha256'
>

export interface PresentRow {
  id: string
  session_id: string
  /** Of the columns that an import writes, as `target_sha256`: equal means that nobody changed the row since. */
  sha256: string
  title: string | null
}

export interface PresentSession {
  mayWrite: boolean
  /** Somebody else made it: the account does not own it, and no import of it ever made a row in it. */
  isForeign: boolean
}

/** What is in the database that a plan is about. */
export interface Present {
  priors: Map<string, Prior>
  rows: Map<string, PresentRow>
  sessions: Map<string, PresentSession>
  /** Sessions that the account was once in and that are gone, or that it left. */
  lostSessions: Set<string>
  /** Which message has a clientMessageId of a thread, by `clientKey`. */
  clientIds: Map<string, string>
}

export const priorKey = (record: Pick<PlannedRecord, 'kind' | 'identity'>) =>
  `${record.kind} ${record.identity}`
export const clientKey = (threadId: string, clientMessageId: string) => `${threadId} ${clientMessageId}`

export async function readPresent(tx: Transaction, accountId: string, plan: ImportPlan): Promise<Present> {
  const priors = await readPriors(tx, accountId, plan.source)
  const rows = await readPresentRows(tx, idsByTable(plan, priors))
  const sessionIds = [...plan.sessions.keys(), ...[...rows.values()].map((row) => row.session_id)]
  return {
    priors,
    rows,
    sessions: await readSessions(tx, accountId, plan.source, [...new Set(sessionIds)]),
    lostSessions: await readLostSessions(tx, accountId, [...plan.sessions.keys()]),
    clientIds: await readClientIds(tx, plan),
  }
}

/** Rows by id with their digests, as the database computes them: before and after a write in the same way. */
export async function readPresentRows(
  tx: Transaction,
  ids: Record<PlannedRow['table'], Iterable<string>>,
): Promise<Map<string, PresentRow>> {
  const rows = new Map<string, PresentRow>()
  for (const [table, columns] of Object.entries(DIGESTED)) {
    const title = sql.raw(table === 'chat_threads' ? 'title' : 'null::text')
    for (const some of chunks([...ids[table as PlannedRow['table']]], 5000)) {
      const found = await tx.execute<PresentRow & Record<string, unknown>>(sql`
        select id, session_id, ${title} as title,
               encode(sha256(convert_to(jsonb_build_array(${sql.raw(columns)})::text, 'UTF8')), 'hex') as sha256
        from ${sql.identifier(table)} where id = any(${uuids(some)})`)
      for (const row of found) rows.set(row.id, row)
    }
  }
  return rows
}

// Counters and positions move without anybody touching the row, and ids never change: neither belongs here.
const DIGESTED: Record<PlannedRow['table'], string> = {
  chat_threads: 'mode, title, status',
  chat_messages: `author_account_id, role, content, mentions, evidence, cited_events, client_message_id,
    misalignment_id, extract(epoch from edited_at), extract(epoch from removed_at), extract(epoch from created_at)`,
  chat_tool_events: `tool_call_id, tool_name, arguments, status, result, error, cited_events,
    extract(epoch from started_at), extract(epoch from completed_at), latency_ms`,
}

/** One parameter, however many ids. */
export function uuids(ids: Iterable<string>): SQL {
  return sql`string_to_array(${[...ids].join(',')}, ',')::uuid[]`
}

export function chunks<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  )
}

async function readPriors(tx: Transaction, accountId: string, source: string): Promise<Map<string, Prior>> {
  const { id, kind, legacy_id, raw_sha256, target_id, target_sha256 } = importRecords
  const priors = await tx
    .select({ id, kind, legacy_id, raw_sha256, target_id, target_sha256 })
    .from(importRecords)
    .where(and(eq(importRecords.account_id, accountId), eq(importRecords.source, source)))
  return new Map(priors.map((prior) => [`${prior.kind} ${prior.legacy_id}`, prior]))
}

function idsByTable(plan: ImportPlan, priors: Map<string, Prior>) {
  const ids: Record<PlannedRow['table'], Set<string>> = {
    chat_threads: new Set(plan.extraThreads.keys()),
    chat_messages: new Set(),
    chat_tool_events: new Set(),
  }
  for (const record of plan.records) {
    if (record.outcome.is === 'quarantined' || !record.outcome.row) continue
    const { table, values } = record.outcome.row
    ids[table].add(values.id)
    const targetId = priors.get(priorKey(record))?.target_id
    if (targetId) ids[table].add(targetId)
    if ('thread_id' in values && values.thread_id) ids.chat_threads.add(values.thread_id)
  }
  return ids
}

// Whose an id is cannot be told from the id: everybody who knows the account can compute it.
async function readSessions(
  tx: Transaction,
  accountId: string,
  source: string,
  ids: string[],
): Promise<Present['sessions']> {
  const found = await tx.execute<{ id: string; may_write: boolean; is_foreign: boolean }>(sql`
    select s.id, m.role is not null and m.role <> 'viewer' as may_write,
           s.owner_account_id <> ${accountId} and s.id not in (
             select own.session_id from import_records r join (
               select id, session_id from chat_threads union all
               select id, session_id from chat_messages union all
               select id, session_id from chat_tool_events
             ) own on own.id = r.target_id
             where r.account_id = ${accountId} and r.source = ${source} and r.target_sha256 is not null
           ) as is_foreign
    from sessions s left join session_members m
      on m.session_id = s.id and m.account_id = ${accountId} and m.left_at is null
    where s.id = any(${uuids(ids)})`)
  return new Map(found.map((row) => [row.id, { mayWrite: row.may_write, isForeign: row.is_foreign }]))
}

async function readLostSessions(tx: Transaction, accountId: string, ids: string[]): Promise<Set<string>> {
  const found = await tx.execute<{ session_id: string }>(sql`
    select session_id from access_cutoffs
    where account_id = ${accountId} and session_id = any(${uuids(ids)})`)
  return new Set(found.map((row) => row.session_id))
}

async function readClientIds(tx: Transaction, plan: ImportPlan): Promise<Map<string, string>> {
  const threadIds = new Set<string>()
  for (const { outcome } of plan.records) {
    const row = outcome.is === 'row' ? outcome.row : null
    if (row?.table === 'chat_messages' && row.values.client_message_id) threadIds.add(row.values.thread_id)
  }
  const found = await tx.execute<{ id: string; thread_id: string; client_message_id: string }>(sql`
    select id, thread_id, client_message_id from chat_messages
    where thread_id = any(${uuids(threadIds)}) and client_message_id is not null`)
  return new Map(found.map((row) => [clientKey(row.thread_id, row.client_message_id), row.id]))
}
