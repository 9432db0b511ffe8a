import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Mutation, MutationError } from './mutation-doors.ts'

export interface OutboxEntry extends Mutation {
  accountId: string
  /** The tab that sends it. */
  tabId: string
  /** What is in one lane is sent in order: a session's changes, or those of the account itself. */
  lane: string
  created_at: Date
  state: 'pending' | 'failed'
  error?: MutationError
}

export interface OutboxStorage {
  put(entry: OutboxEntry): Promise<void>
  remove(id: string): Promise<void>
  /** Takes over the account's entries whose tab is gone, in one act: of two tabs only one gets them. */
  adopt(accountId: string, tabId: string, isGone: (tabId: string) => boolean): Promise<OutboxEntry[]>
  close(): void
}

interface Schema extends DBSchema {
  outbox: { key: string; value: OutboxEntry; indexes: { accountId: string } }
}

/** @throws where the browser offers no IndexedDB, as some do in private windows. */
export async function openOutboxStorage(): Promise<OutboxStorage> {
  const db: IDBPDatabase<Schema> = await openDB<Schema>('throughline', 1, {
    upgrade: (made) => {
      made.createObjectStore('outbox', { keyPath: 'id' }).createIndex('accountId', 'accountId')
    },
    // Another tab of a later release must not wait for this one.
    blocking: () => db.close(),
  })
  return {
    put: async (entry) => {
      const transaction = db.transaction('outbox', 'readwrite')
      const putting = transaction.store.put(entry)
      transaction.commit() // without waiting for the page to say that nothing follows
      await Promise.all([putting, transaction.done])
    },
    remove: (id) => db.delete('outbox', id),
    adopt: async (accountId, tabId, isGone) => {
      const transaction = db.transaction('outbox', 'readwrite')
      const entries = await transaction.store.index('accountId').getAll(accountId)
      const adopted = entries
        .filter((entry) => entry.tabId !== tabId && isGone(entry.tabId))
        .map((entry) => ({ ...entry, tabId }))
      for (const entry of adopted) await transaction.store.put(entry)
      await transaction.done
      return adopted
    },
    close: () => db.close(),
  }
}

/** For this page's life only. */
export function memoryStorage(): OutboxStorage {
  return { put: async () => {}, remove: async () => {}, adopt: async () => [], close: () => {} }
}
