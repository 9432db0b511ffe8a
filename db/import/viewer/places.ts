import { importId } from '../import-id.ts'
import type { LegacyFields } from '../legacy-fields.ts'
import type { PlannedSession, ThreadValues } from '../plan.ts'
import { cleanTitle } from '../titles.ts'
import { sessionIdOf } from './fields.ts'
import { legacySession } from './sessions.ts'

type Mode = ThreadValues['mode']

export const DEFAULT_TITLES: Record<Mode, string> = { session: 'Session Coach', general: 'General' }

/** Where and when the thing happened that a record tells of. */
export interface Place {
  session_id: string
  at: Date
  /** The described thread that the record names, be it of its session or not. */
  named: ThreadValues | undefined
}

export function recoveredTitle(legacyId: string): string {
  return cleanTitle(`Recovered thread · ${legacyId}`).title
}

/** The sessions and threads of one import, those that no record describes included. */
export class ViewerPlaces {
  readonly sessions = new Map<string, PlannedSession>()
  readonly extraThreads = new Map<string, ThreadValues>()
  readonly accountId: string
  readonly now: Date
  readonly #described = new Map<string, ThreadValues>()
  readonly #firstActives = new Map<string, ThreadValues | null>()

  constructor(accountId: string, now: Date) {
    this.accountId = accountId
    this.now = now
  }

  id(kind: string, legacyId: string): string {
    return importId(this.accountId, 'viewer', kind, legacyId)
  }

  /** The session of an old id; it began when the first thing in it happened. */
  session(legacyId: string, at: Date): string {
    const id = this.id('session', legacyId)
    const known = this.sessions.get(id)
    if (!known) this.sessions.set(id, { id, ...legacySession(legacyId), created_at: at })
    else if (at < known.created_at) known.created_at = at
    return id
  }

  // With its session, because records of several may name it. A recovered thread has the id that its record would have:
  // a later import that finds the record finds the thread too.
  threadId(sessionId: string, legacyId: string): string {
    return this.id('thread', `${sessionId}:${legacyId}`)
  }

  describe(legacyId: string, thread: ThreadValues): void {
    this.#described.set(legacyId, thread)
  }

  find(fields: LegacyFields, moments: [string, ...string[]]): Place {
    const threadId = fields.get('threadId')
    const named = typeof threadId === 'string' ? this.#described.get(threadId) : undefined
    const otherwise = named
      ? { value: named.created_at, words: 'the beginning of its thread' }
      : { value: this.now, words: 'now' }
    const at = fields.moment(moments, otherwise)
    if (named && !fields.has('sessionId')) fields.note('sessionId (absent): its thread’s taken')
    const session_id = named && !fields.has('sessionId') ? named.session_id : undefined
    return { session_id: session_id ?? this.session(sessionIdOf(fields), at), at, named }
  }

  /** The thread of a record, always one of its own session, which says who may read it. */
  thread(fields: LegacyFields, { session_id, at, named }: Place, mode: Mode): ThreadValues {
    const legacyId = fields.get('threadId')
    if (typeof legacyId !== 'string' || legacyId === '') return this.#unnamed(fields, session_id, mode, at)
    if (named?.session_id === session_id) return named
    fields.note(
      named
        ? 'its thread belongs to another session: put into a recovered thread of its own session'
        : 'no record describes its thread: put into a recovered one',
    )
    const id = this.threadId(session_id, legacyId)
    return this.#extra({ id, title: recoveredTitle(legacyId), session_id, mode, at })
  }

  // As the old viewer did with records from before it had threads.
  #unnamed(fields: LegacyFields, session_id: string, mode: Mode, at: Date): ThreadValues {
    const known = this.#firstActive(session_id, mode)
    fields.note(known ? `names no thread: put into “${known.title}”` : 'names no thread: put into a new one')
    if (known) return known
    const id = this.id('default-thread', `${session_id}:${mode}`)
    return this.#extra({ id, title: DEFAULT_TITLES[mode], session_id, mode, at })
  }

  // Remembered: the oldest files hold nothing but records without a thread.
  #firstActive(sessionId: string, mode: Mode): ThreadValues | null {
    const key = `${sessionId}:${mode}`
    const known = this.#firstActives.get(key)
    if (known !== undefined) return known
    const oldestFirst = [...this.#described.values()]
      .filter((thread) => thread.session_id === sessionId && thread.mode === mode)
      .sort((a, b) => a.created_at.getTime() - b.created_at.getTime() || (a.id < b.id ? -1 : 1))
    const found = oldestFirst.find((thread) => thread.status === 'active') ?? oldestFirst[0] ?? null
    this.#firstActives.set(key, found)
    return found
  }

  #extra({ at, ...thread }: Pick<ThreadValues, 'id' | 'title' | 'session_id' | 'mode'> & { at: Date }) {
    const known = this.extraThreads.get(thread.id)
    if (known && at < known.created_at) known.created_at = at
    const values = known ?? {
      ...thread,
      status: 'active' as const,
      created_by_account_id: this.accountId,
      created_at: at,
    }
    this.extraThreads.set(thread.id, values)
    return values
  }
}
