import type { chatMessages } from '../schema/chat-messages.ts'
import type { chatThreads } from '../schema/chat-threads.ts'
import type { chatToolEvents } from '../schema/chat-tool-events.ts'
import type { Session } from '../schema/sessions.ts'

/** What a source hands to the engine: rows as they should be, and what each record that was read became. */
export interface ImportPlan {
  source: string
  /** By id; made only when a record makes a row in one of them. */
  sessions: Map<string, PlannedSession>
  /** Threads that no record describes, by id; made only when a record makes a row in one of them. */
  extraThreads: Map<string, ThreadValues>
  /** In the order in which their rows are to be inserted: threads first, messages as they are to be read. */
  records: PlannedRecord[]
}

export type PlannedSession = Pick<Session, 'id' | 'title' | 'agent' | 'created_at'>

type Filled<T> = { [K in keyof T]-?: Exclude<T[K], undefined> }

/** Every column that the importer writes; counters, positions and `updated_at` are the database's. */
export type ThreadValues = Filled<
  Pick<
    typeof chatThreads.$inferInsert,
    'id' | 'session_id' | 'mode' | 'title' | 'status' | 'created_by_account_id' | 'created_at'
  >
>
export type MessageValues = Filled<
  Omit<typeof chatMessages.$inferInsert, 'position' | 'mentions' | 'removed_at' | 'updated_at'>
>
export type ToolEventValues = Filled<
  Omit<typeof chatToolEvents.$inferInsert, 'created_by_account_id' | 'updated_at'>
>

export type PlannedRow =
  /** `recoveredAs`: the title that it had before its record was found; a thread that still has it may be given its own. */
  | { table: 'chat_threads'; values: ThreadValues; recoveredAs: string }
  | { table: 'chat_messages'; values: MessageValues }
  | { table: 'chat_tool_events'; values: ToolEventValues }

export interface PlannedRecord {
  kind: RecordKind
  /** The old id, or one made from the content: unique among the records of its kind, the same in every run. */
  identity: string
  /** The record as JSON text. */
  raw: string
  sha256: string
  /** What had to be changed to make a row of it, in words for the person who runs the import. */
  reasons: string[]
  outcome: Outcome
}

export type RecordKind = 'thread' | 'message' | 'tool_event'

export type Outcome =
  | { is: 'row'; row: PlannedRow }
  /** Says again what another record says: `row` is what it would be by itself, where it has an id of its own. */
  | { is: 'merged'; into: { table: PlannedRow['table']; id: string }; row: PlannedRow | null }
  /** Cannot be a row; the raw record is kept. */
  | { is: 'quarantined' }
