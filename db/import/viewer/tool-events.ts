import { type LegacyFields, shown } from '../legacy-fields.ts'
import type { PlannedRow, ToolEventValues } from '../plan.ts'
import { cleanTitle } from '../titles.ts'
import { citedEventOf } from './fields.ts'
import type { ViewerPlaces } from './places.ts'

export function planToolEvent(fields: LegacyFields, legacyId: string, places: ViewerPlaces): PlannedRow {
  const place = places.find(fields, ['startedAt', 'completedAt'])
  const { session_id, at, named } = place
  // One that names no thread belongs to the session as a whole.
  const thread = fields.has('threadId') ? places.thread(fields, place, named?.mode ?? 'session') : null
  const outcome = outcomeOf(fields)
  const completedAt = fields.optionalMoment('completedAt')
  const values: ToolEventValues = {
    id: places.id('tool-event', legacyId),
    session_id,
    thread_id: thread?.id ?? null,
    tool_call_id: fields.shortText('toolCallId', 200),
    tool_name: toolNameOf(fields),
    arguments: fields.json('arguments'),
    ...outcome,
    cited_events: fields.list('contextEvents', citedEventOf),
    started_at: at,
    completed_at: outcome.status === 'abandoned' ? null : completedAt,
    latency_ms: latencyOf(fields),
    created_at: at,
  }
  return { table: 'chat_tool_events', values }
}

/**
 * The old viewer never saved that a call had ended, so nearly all stand as "executing" for ever. What came of a call is
 * told by what is there: a result, an error, or nothing.
 */
function outcomeOf(fields: LegacyFields): Pick<ToolEventValues, 'status' | 'result' | 'error'> {
  const status = fields.get('status')
  const failed =
    status === 'failed' || (status !== 'succeeded' && !fields.has('result') && fields.has('error'))
  if (failed) {
    if (fields.has('result')) fields.note('failed, so its result is left out')
    return { status: noted(fields, 'failed'), result: null, error: errorOf(fields) }
  }
  if (status === 'succeeded' || fields.has('result')) {
    if (fields.has('error')) fields.note('succeeded, so its error is left out')
    return { status: noted(fields, 'succeeded'), result: fields.json('result'), error: null }
  }
  return { status: noted(fields, 'abandoned'), result: null, error: null }
}

function noted<T extends string>(fields: LegacyFields, status: T): T {
  const old = fields.get('status')
  if (old !== status) fields.note(`status ${shown(old)}: ${status}`)
  return status
}

function errorOf(fields: LegacyFields): string | null {
  const error = fields.json('error')
  if (error === null) return null
  return typeof error === 'string' ? error : JSON.stringify(error)
}

function toolNameOf(fields: LegacyFields): string {
  const value = fields.get('toolName')
  const { title, changed } = cleanTitle(typeof value === 'string' ? value : '')
  if (title === '') fields.note(`toolName ${shown(value)} is none: “unknown” taken`)
  else if (changed) fields.note('toolName shortened or put on one line')
  return title === '' ? 'unknown' : title
}

function latencyOf(fields: LegacyFields): number | null {
  if (!fields.has('latencyMs')) return null
  const value = fields.get('latencyMs')
  if (typeof value === 'number' && value >= 0 && value < 2 ** 31) return Math.floor(value)
  fields.note(`latencyMs ${shown(value)} is no duration: left out`)
  return null
}
