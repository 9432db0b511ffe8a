import { sql } from 'drizzle-orm'
import { v7 } from 'uuid'
import type { Database, Transaction } from '../client.ts'
import { recountSession } from '../counters.ts'
import { type ImportedFile, type ImportRun, importRuns } from '../schema/import-runs.ts'
import { type Decision, type Decisions, decideFates, FATES } from './fates.ts'
import type { ImportPlan, PlannedRow } from './plan.ts'
import { type Present, type PresentRow, readPresent, readPresentRows, uuids } from './present.ts'
import { isNoteworthy, type RunIdentity, writeProvenance } from './provenance.ts'
import { writeInbox, writeRows, writeSessions } from './write-rows.ts'

export interface ImportedFrom {
  folder: string
  files: ImportedFile[]
  startedAt: Date
}

export interface AppliedImport {
  run: ImportRun
  decisions: Decision[]
}

/**
 * Applies a plan in one transaction: all of it is in the database afterwards, or nothing. Run again it finds everything
 * as it was and writes one row of import_runs.
 */
export async function applyPlan(
  db: Database,
  accountId: string,
  plan: ImportPlan,
  from: ImportedFrom,
  onProgress: (written: number, of: number) => void = () => {},
): Promise<AppliedImport> {
  const { value } = await db.transaction(accountId, async (tx) => {
    await takeTurn(tx, accountId)
    const { present, decisions } = await decideUnderLocks(tx, accountId, plan)
    await writeDecisions(tx, accountId, plan, present, decisions, onProgress)
    const run = await writeRun(tx, accountId, plan.source, from, decisions.records)
    const identity: RunIdentity = { accountId, source: plan.source, runId: run.id }
    const noteworthy = decisions.records.filter(isNoteworthy)
    await writeProvenance(tx, identity, noteworthy, await writtenRows(tx, decisions))
    return { run, decisions: decisions.records }
  })
  return value
}

// Two imports for one account would both find a record missing. The second waits, then finds what the first wrote.
async function takeTurn(tx: Transaction, accountId: string): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`throughline import ${accountId}`}, 0))`,
  )
}

// A run that has nothing to write locks nothing. Otherwise what was decided without the locks is decided again with
// them, until nothing new is to be written: people may have changed rows in between.
async function decideUnderLocks(
  tx: Transaction,
  accountId: string,
  plan: ImportPlan,
): Promise<{ present: Present; decisions: Decisions }> {
  const locked = new Set<string>()
  for (;;) {
    const present = await readPresent(tx, accountId, plan)
    const decisions = decideFates(plan, present)
    const free = touchedSessions(decisions).filter((id) => !locked.has(id))
    if (free.length === 0) return { present, decisions }
    // In the order that all writers keep: account (its name is copied), sessions, threads; list entries when counted.
    await tx.execute(sql`select from accounts where id = ${accountId} for share`)
    await tx.execute(sql`select from sessions where id = any(${uuids(free)}) order by id for no key update`)
    await tx.execute(
      sql`select from chat_threads where session_id = any(${uuids(free)}) order by id for no key update`,
    )
    for (const id of free) locked.add(id)
  }
}

async function writeDecisions(
  tx: Transaction,
  accountId: string,
  plan: ImportPlan,
  present: Present,
  decisions: Decisions,
  onProgress: (written: number, of: number) => void,
): Promise<void> {
  const touched = touchedSessions(decisions)
  if (touched.length === 0) return
  const created = touched.flatMap((id) => {
    const session = present.sessions.has(id) ? undefined : plan.sessions.get(id)
    return session ? [session] : []
  })
  await writeSessions(tx, accountId, created)
  await writeRows(tx, decisions, onProgress)
  await writeInbox(
    tx,
    created.map(({ id }) => id),
  )
  // The old counters drifted, and rows came in.
  for (const id of touched.sort()) await recountSession(tx, id)
}

function touchedSessions({ records }: Decisions): string[] {
  return [...new Set(records.flatMap(({ write }) => (write ? [write.session_id] : [])))]
}

function writtenRows(tx: Transaction, { records }: Decisions): Promise<Map<string, PresentRow>> {
  const ids: Record<PlannedRow['table'], string[]> = {
    chat_threads: [],
    chat_messages: [],
    chat_tool_events: [],
  }
  for (const { write, targetId } of records) if (write && targetId) ids[write.row.table].push(targetId)
  return readPresentRows(tx, ids)
}

async function writeRun(
  tx: Transaction,
  accountId: string,
  source: string,
  { folder, files, startedAt }: ImportedFrom,
  decisions: Decision[],
): Promise<ImportRun> {
  const counts = Object.fromEntries(
    FATES.map((fate) => [fate, decisions.filter((decision) => decision.fate === fate).length]),
  ) as Record<(typeof FATES)[number], number> // fromEntries forgets which keys it was given
  const [run] = await tx
    .insert(importRuns)
    .values({
      id: v7(),
      account_id: accountId,
      source,
      folder,
      files,
      read: decisions.length,
      ...counts,
      started_at: startedAt,
      finished_at: new Date(),
    })
    .returning()
  if (!run) throw new Error('PostgreSQL did not return the run that it just stored.')
  return run
}
