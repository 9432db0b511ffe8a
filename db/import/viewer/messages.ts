import { MAX_MESSAGE_BYTES } from '../../schema/chat-messages.ts'
import type { LegacyFields } from '../legacy-fields.ts'
import type { MessageValues, PlannedRecord, PlannedRow } from '../plan.ts'
import { citedEventOf, evidenceOf, MODES } from './fields.ts'
import type { ViewerPlaces } from './places.ts'

export function planMessage(fields: LegacyFields, legacyId: string, places: ViewerPlaces): PlannedRow | null {
  const content = contentOf(fields)
  if (content === null) return null
  const place = places.find(fields, ['createdAt', 'updatedAt'])
  const { session_id, at, named } = place
  const mode = fields.oneOf('mode', MODES, named?.mode ?? 'session')
  const thread = places.thread(fields, place, mode)
  if (thread.mode !== mode)
    fields.note(`its mode is ${mode}, its thread’s ${thread.mode}: the thread’s holds`)
  const client_message_id = fields.shortText('clientMessageId', 200)
  // Only what a browser sent has one.
  const role = fields.oneOf('role', ['user', 'assistant', 'system'], client_message_id ? 'user' : 'system')
  const values: MessageValues = {
    id: places.id('message', legacyId),
    session_id,
    thread_id: thread.id,
    author_account_id: role === 'user' ? places.accountId : null,
    role,
    content,
    evidence: fields.list('evidence', evidenceOf),
    cited_events: fields.list('contextEvents', citedEventOf),
    client_message_id,
    misalignment_id: fields.shortText('misalignmentId', 1000),
    edited_at: editedAt(fields, at),
    created_at: at,
  }
  return { table: 'chat_messages', values }
}

function contentOf(fields: LegacyFields): string | null {
  const value = fields.get('content') ?? ''
  const json = typeof value === 'string' ? null : fields.json('content')
  if (typeof value !== 'string' && json === null) return refused(fields, 'content cannot be shown')
  const text = typeof value === 'string' ? value : JSON.stringify(json)
  if (text.includes('\0')) return refused(fields, 'content holds U+0000, which Postgres cannot store')
  if (Buffer.byteLength(text) > MAX_MESSAGE_BYTES) {
    return refused(fields, `content is larger than ${MAX_MESSAGE_BYTES / 1024} KB, which no message may be`)
  }
  if (!fields.has('content')) fields.note('content is absent: empty')
  else if (typeof value !== 'string') fields.note('content is no text: shown as JSON')
  if (!text.isWellFormed()) fields.note('content holds halves of characters: shown as �')
  return text.toWellFormed()
}

function refused(fields: LegacyFields, why: string): null {
  fields.note(why)
  return null
}

function editedAt(fields: LegacyFields, createdAt: Date): Date | null {
  const updatedAt = fields.optionalMoment('updatedAt')
  return updatedAt && updatedAt > createdAt ? updatedAt : null
}

const ROLE_ORDER = { system: 0, user: 1, assistant: 2 }

/** The files are in the order of their random ids. At the same moment a question comes before its answer. */
export function asRead(messages: PlannedRecord[]): PlannedRecord[] {
  return messages
    .map((record) => ({ record, values: messageOf(record) }))
    .sort(({ values: a }, { values: b }) => {
      if (!a || !b) return Number(!a) - Number(!b)
      return a.created_at.getTime() - b.created_at.getTime() || ROLE_ORDER[a.role] - ROLE_ORDER[b.role]
    })
    .map(({ record }) => record)
}

/**
 * A browser that sent again used the same clientMessageId, which is unique in a thread: such a message is merged.
 * The text alone says nothing, people repeat themselves.
 */
export function withoutRepeats(messages: PlannedRecord[]): PlannedRecord[] {
  const firsts = new Map<string, MessageValues>()
  return messages.map((record) => {
    const values = messageOf(record)
    if (!values?.client_message_id) return record
    const key = `${values.thread_id} ${values.client_message_id}`
    const first = firsts.get(key)
    if (!first) firsts.set(key, values)
    return first ? repeated(record, values, first) : record
  })
}

function repeated(record: PlannedRecord, values: MessageValues, first: MessageValues): PlannedRecord {
  const row: PlannedRow = { table: 'chat_messages', values: { ...values, client_message_id: null } }
  if (first.role === values.role && first.content === values.content) {
    const note = 'sent again: an earlier message has the same clientMessageId and text'
    const into = { table: row.table, id: first.id }
    return { ...record, outcome: { is: 'merged', into, row }, reasons: [...record.reasons, note] }
  }
  const note =
    'an earlier message has the same clientMessageId but not the same text: clientMessageId left out'
  return { ...record, outcome: { is: 'row', row }, reasons: [...record.reasons, note] }
}

function messageOf({ outcome }: PlannedRecord): MessageValues | null {
  return outcome.is === 'row' && outcome.row.table === 'chat_messages' ? outcome.row.values : null
}
