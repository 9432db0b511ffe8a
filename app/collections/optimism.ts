import { createTransaction, type Transaction } from '@tanstack/db'
import type { MutationInput } from '#db/inputs/index.ts'
import type { OutboxEntry } from '../sync/outbox-storage.ts'
import type { View } from './effects.ts'
import { applyEffect } from './registry.ts'

export interface Optimism {
  /** Shows an entry's change, as far as its rows are here and it is not shown already. */
  show(entry: OutboxEntry): void
  /** Postgres has it, and the row that arrived stands in its place. */
  confirm(id: string): void
  /** Takes it off the screen. */
  undo(id: string): void
  /** The collections on which an entry's change is shown. */
  touched(id: string): ReadonlySet<unknown>
  clear(): void
}

interface Shown {
  transaction: Transaction
  release: () => void
}

/**
 * Unconfirmed changes on top of the rows that Postgres has. A transaction stays `pending` until its change is confirmed
 * or refused, and its handler does nothing: while a transaction is `persisting`, its collection holds back everybody
 * else's changes, and a message written on a train would keep the others' from appearing.
 */
export function createOptimism(view: View): Optimism {
  const shown = new Map<string, Shown>()

  const take = (id: string) => {
    const entry = shown.get(id)
    shown.delete(id)
    entry?.release()
    return entry?.transaction.state === 'pending' ? entry.transaction : undefined
  }

  return {
    show: (entry) => {
      // Undoing a change undoes those on top of it, which then have to be shown again.
      if (shown.get(entry.id)?.transaction.state === 'pending') return
      take(entry.id)
      const transaction = begin(view, entry)
      if (transaction) shown.set(entry.id, { transaction, release: keepAlive(transaction) })
    },
    confirm: (id) => void take(id)?.commit(),
    undo: (id) => void take(id)?.rollback(),
    touched: (id) => collectionsOf(shown.get(id)?.transaction),
    clear: () => {
      for (const id of [...shown.keys()]) take(id)?.rollback()
    },
  }
}

function begin(view: View, { name, input, created_at }: OutboxEntry): Transaction | undefined {
  const transaction = createTransaction({ autoCommit: false, mutationFn: async () => {} })
  try {
    // Validated when it was made; what another release left behind may be anything, and then is not shown.
    transaction.mutate(() => applyEffect(view, name, input as MutationInput<typeof name>, created_at))
  } catch (error) {
    console.warn(`A change waits unseen: ${name}`, error)
    transaction.rollback()
    return undefined
  }
  if (transaction.mutations.length > 0) return transaction
  void transaction.commit()
  return undefined
}

// A collection that nobody looks at is emptied after a while, with the unconfirmed changes on top of it.
function keepAlive(transaction: Transaction): () => void {
  const held = [...collectionsOf(transaction)].map((collection) => collection.subscribeChanges(() => {}))
  return () => {
    for (const subscription of held) subscription.unsubscribe()
  }
}

function collectionsOf(transaction: Transaction | undefined) {
  return new Set(transaction?.mutations.map(({ collection }) => collection))
}
