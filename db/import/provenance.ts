import { eq, sql } from 'drizzle-orm'
import type { Transaction } from '../client.ts'
import { importRecords } from '../schema/import-records.ts'
import type { Decision } from './fates.ts'
import { importId } from './import-id.ts'
import { chunks, type PresentRow } from './present.ts'

export interface RunIdentity {
  accountId: string
  source: string
  runId: string
}

/**
 * What there is to note about a record: it is new, or something about it changed. A record that is as the last run left
 * it keeps its note, also when people have taken its row over since: running again writes nothing.
 */
export function isNoteworthy({ record, prior, write }: Decision): boolean {
  return !prior || write !== null || prior.raw_sha256 !== record.sha256
}

/** Writes the raw record and its fate for each decision; `rows` are the rows that were written, as they are now. */
export async function writeProvenance(
  tx: Transaction,
  run: RunIdentity,
  decisions: Decision[],
  rows: Map<string, PresentRow>,
): Promise<void> {
  const fresh = decisions.filter(({ prior }) => !prior)
  for (const some of chunks(fresh, 500)) {
    await tx.insert(importRecords).values(
      some.map((decision) => ({
        id: recordId(run, decision.record.kind, decision.record.identity),
        account_id: run.accountId,
        source: run.source,
        kind: decision.record.kind,
        legacy_id: decision.record.identity,
        ...noteOf(run, decision),
        ...targetOf(decision, rows),
      })),
    )
  }
  for (const decision of decisions) {
    if (!decision.prior) continue
    if (decision.prior.raw_sha256 !== decision.record.sha256) await keepFormerRaw(tx, run, decision.prior)
    const target = decision.write ? targetOf(decision, rows) : {}
    await tx
      .update(importRecords)
      .set({ ...noteOf(run, decision), ...target })
      .where(eq(importRecords.id, decision.prior.id))
  }
}

function noteOf({ runId }: RunIdentity, { record, fate, reason }: Decision) {
  return { run_id: runId, raw: record.raw, raw_sha256: record.sha256, fate, reason }
}

function targetOf({ record, write, targetId }: Decision, rows: Map<string, PresentRow>) {
  const { outcome } = record
  if (write) {
    const target_sha256 = rows.get(targetId ?? '')?.sha256 ?? null
    return { target_table: write.row.table, target_id: targetId, target_sha256 }
  }
  if (outcome.is !== 'merged') return {}
  return { target_table: outcome.into.table, target_id: outcome.into.id }
}

// The file says something else now; what it said before is kept beside it.
async function keepFormerRaw(
  tx: Transaction,
  run: RunIdentity,
  prior: NonNullable<Decision['prior']>,
): Promise<void> {
  const legacyId = `${prior.legacy_id}#${prior.raw_sha256.slice(0, 16)}`
  await tx.execute(sql`
    insert into import_records (id, account_id, run_id, source, kind, legacy_id, raw, raw_sha256, fate, reason,
                                target_table, target_id)
    select ${recordId(run, prior.kind, legacyId)}::uuid, account_id, run_id, source, kind, ${legacyId}, raw, raw_sha256,
           'merged', 'a later file has this record in another form', target_table, target_id
    from import_records where id = ${prior.id}
    on conflict do nothing`)
}

function recordId({ accountId, source }: RunIdentity, kind: string, identity: string): string {
  return importId(accountId, source, `record:${kind}`, identity)
}
