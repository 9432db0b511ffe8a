import type { ImportRecord } from '../schema/import-records.ts'
import type { ImportPlan, PlannedRecord, PlannedRow, ThreadValues } from './plan.ts'
import { clientKey, type Present, type Prior, priorKey } from './present.ts'

export type Fate = ImportRecord['fate']

/** In the order in which they are told. */
export const FATES = ['created', 'updated', 'unchanged', 'kept', 'merged', 'quarantined'] as const

export interface Decision {
  record: PlannedRecord
  prior: Prior | undefined
  fate: Fate
  /** Why, where it is not plain; for the person who runs the import. */
  reason: string | null
  /** The row that holds it, where there is one; people may have removed it. */
  targetId: string | null
  /** The row to write, and the session that this touches; null when nothing is written but provenance. */
  write: { how: 'insert' | 'update'; row: PlannedRow; session_id: string } | null
}

export interface Decisions {
  records: Decision[]
  /** Threads that no record describes and that new rows need. */
  extraThreads: ThreadValues[]
}

/** What becomes of each record, from the plan and what is there now. Decides only; writes nothing. */
export function decideFates(plan: ImportPlan, present: Present): Decisions {
  const judge = new Judge(plan, present)
  const records = plan.records.map((record) => judge.decide(record))
  return { records, extraThreads: [...judge.extraThreads.values()] }
}

class Judge {
  readonly extraThreads = new Map<string, ThreadValues>()
  readonly #plan: ImportPlan
  readonly #present: Present
  readonly #newThreads = new Set<string>()
  readonly #goneSessions: Set<string>
  readonly #goneThreads = new Set<string>()

  constructor(plan: ImportPlan, present: Present) {
    this.#plan = plan
    this.#present = present
    this.#goneSessions = new Set(present.lostSessions)
    for (const record of plan.records) this.#rememberGone(record)
  }

  decide(record: PlannedRecord): Decision {
    const prior = this.#present.priors.get(priorKey(record))
    const { outcome } = record
    if (outcome.is === 'quarantined') return decision(record, prior, 'quarantined')
    // Merged now, but an earlier run made a row of it: that row is its own.
    const row = outcome.row && hasOwnRow(prior) ? outcome.row : outcome.is === 'row' ? outcome.row : null
    if (!row) return decision(record, prior, 'merged')
    return hasOwnRow(prior) ? this.#decideAgain(record, prior, row) : this.#decideNew(record, prior, row)
  }

  #decideAgain(record: PlannedRecord, prior: OwnRow, row: PlannedRow): Decision {
    const found = this.#present.rows.get(prior.target_id)
    const keep = (why: string) => decision(record, prior, 'kept', why)
    if (!found) return keep('its row, or the thread or session that held it, was removed here')
    if (!this.#present.sessions.get(found.session_id)?.mayWrite) return keep(NO_LONGER_YOURS)
    if (found.sha256 !== prior.target_sha256) return keep('its row was changed here')
    if (prior.raw_sha256 === record.sha256) return { ...decision(record, prior, 'unchanged'), reason: null }
    const moved = found.session_id !== row.values.session_id
    const why = moved ? 'its session changed, its row stays where it is' : null
    const write = {
      how: 'update',
      row: this.#withFreeClientId(row, prior.target_id),
      session_id: found.session_id,
    } as const
    return { ...decision(record, prior, 'updated', why), write }
  }

  #decideNew(record: PlannedRecord, prior: Prior | undefined, row: PlannedRow): Decision {
    const { session_id, id } = row.values
    const why = this.#whyNotInto(session_id) ?? (row.table === 'chat_threads' ? null : this.#whyNotUnder(row))
    if (why) return decision(record, prior, 'kept', why)
    const found = this.#present.rows.get(id)
    const insert = { how: 'insert', row: this.#withFreeClientId(row, id), session_id } as const
    if (!found) {
      if (row.table === 'chat_threads') this.#newThreads.add(id)
      return { ...decision(record, prior, 'created'), targetId: id, write: insert }
    }
    const isRecovered =
      row.table === 'chat_threads' && found.session_id === session_id && found.title === row.recoveredAs
    if (!isRecovered) return decision(record, prior, 'kept', 'a row of this id is here already')
    const reason = 'the thread recovered by an earlier import is described now'
    return {
      ...decision(record, prior, 'updated', reason),
      targetId: id,
      write: { ...insert, how: 'update' },
    }
  }

  #whyNotInto(sessionId: string): string | null {
    const session = this.#present.sessions.get(sessionId)
    if (session?.isForeign) return 'somebody else has a session of this id'
    if (session) return session.mayWrite ? null : NO_LONGER_YOURS
    return this.#goneSessions.has(sessionId) ? 'its session was removed here' : null
  }

  #whyNotUnder({ values }: Exclude<PlannedRow, { table: 'chat_threads' }>): string | null {
    const threadId = values.thread_id
    if (threadId === null || this.#newThreads.has(threadId)) return null
    const found = this.#present.rows.get(threadId)
    if (found) return found.session_id === values.session_id ? null : 'its thread is in another session here'
    const extra = this.#plan.extraThreads.get(threadId)
    if (!extra || this.#goneThreads.has(threadId)) return 'its thread is no longer here'
    this.extraThreads.set(threadId, extra)
    return null
  }

  #withFreeClientId(row: PlannedRow, id: string): PlannedRow {
    if (row.table !== 'chat_messages' || !row.values.client_message_id) return row
    const holder = this.#present.clientIds.get(clientKey(row.values.thread_id, row.values.client_message_id))
    if (!holder || holder === id) return row
    return { table: row.table, values: { ...row.values, client_message_id: null } }
  }

  // A row that an import made and that is gone tells what people removed: what held it must not come back either.
  #rememberGone(record: PlannedRecord): void {
    const prior = this.#present.priors.get(priorKey(record))
    const row = record.outcome.is === 'quarantined' ? null : record.outcome.row
    if (!row || !hasOwnRow(prior) || this.#present.rows.has(prior.target_id)) return
    this.#goneSessions.add(row.values.session_id)
    if (row.table === 'chat_threads') this.#goneThreads.add(prior.target_id)
    else if (row.values.thread_id) this.#goneThreads.add(row.values.thread_id)
  }
}

const NO_LONGER_YOURS = 'its session is no longer one that the account may write in'

type OwnRow = Prior & { target_id: string; target_sha256: string }

// What was merged names another record's row, without a digest.
function hasOwnRow(prior: Prior | undefined): prior is OwnRow {
  return prior?.target_id != null && prior.target_sha256 !== null
}

function decision(
  record: PlannedRecord,
  prior: Prior | undefined,
  fate: Fate,
  why: string | null = null,
): Decision {
  const reasons = why === null ? record.reasons : [why, ...record.reasons]
  const targetId = prior?.target_id ?? null
  return { record, prior, fate, reason: reasons.join('; ') || null, targetId, write: null }
}
