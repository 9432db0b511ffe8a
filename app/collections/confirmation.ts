import { TimeoutWaitingForTxIdError } from '@tanstack/electric-db-collection'

export interface AwaitsTransactions {
  status: string
  utils: { awaitTxId(txid: number, timeoutMs: number): Promise<boolean> }
}

const WAIT_MS = 10_000

/**
 * Waits until a transaction's rows are in the collection. Without a connection it goes on waiting, for the row on the
 * screen would vanish otherwise; where nobody looks, or where a live stream does not bring it, it does not.
 */
export async function transactionSeen(
  collection: AwaitsTransactions,
  txid: number,
  isConnected: () => boolean,
): Promise<void> {
  while (collection.status === 'loading' || collection.status === 'ready') {
    try {
      await collection.utils.awaitTxId(txid, WAIT_MS)
      return
    } catch (error) {
      const mayStillCome = error instanceof TimeoutWaitingForTxIdError && !isConnected()
      if (!mayStillCome) return
    }
  }
}
