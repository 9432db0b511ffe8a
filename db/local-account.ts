import type { Database } from './client.ts'
import { accounts } from './schema/accounts.ts'

/** The one person of a machine without sign-in. */
export const LOCAL_ACCOUNT_ID = '01890000-0000-7000-8000-000000000001'

/** Makes the local account when it is not there; a name that its person chose since is kept. */
export async function ensureLocalAccount(db: Database, displayName = 'Host'): Promise<void> {
  await db.transaction(null, (tx) =>
    tx
      .insert(accounts)
      .values({ id: LOCAL_ACCOUNT_ID, display_name: displayName, kind: 'local' })
      .onConflictDoNothing(),
  )
}
