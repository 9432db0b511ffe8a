import type { MutationInput, MutationName } from '#db/inputs/index.ts'
import type { Rows, SessionCollections, Workspace } from './workspace.tsx'

/** What an effect may touch: the account's rows, and those of sessions that are open in this tab. */
export interface View extends Pick<Workspace, 'accountId' | 'account' | 'inbox'> {
  openSession(sessionId: string): SessionCollections | undefined
  openSessions(): Iterable<readonly [sessionId: string, SessionCollections]>
}

/**
 * What a change looks like before Postgres has it. Applied again after a reload, so it looks before it writes: a row
 * that is there already is not inserted, one that is not loaded is left alone.
 */
export type Effect<Name extends MutationName> = (view: View, input: MutationInput<Name>, at: Date) => void

export type Effects<Names extends MutationName = MutationName> = { [Name in Names]: Effect<Name> }

export function insertOnce<T extends object>(rows: Rows<T> | undefined, key: string, row: T): void {
  if (rows && !rows.has(key)) rows.insert(row)
}

export function edit<T extends object>(rows: Rows<T> | undefined, key: string, change: Partial<T>): void {
  if (rows?.has(key)) rows.update(key, (draft) => void Object.assign(draft, change))
}

export function remove<T extends object>(rows: Rows<T> | undefined, key: string): void {
  if (rows?.has(key)) rows.delete(key)
}

/** The collection, of those open, that holds a row: most inputs name a row without its session. */
export function holding<Key extends 'threads' | 'messages' | 'toolEvents'>(
  view: View,
  which: Key,
  id: string,
): SessionCollections[Key] | undefined {
  for (const [, session] of view.openSessions()) if (session[which].has(id)) return session[which]
  return undefined
}
