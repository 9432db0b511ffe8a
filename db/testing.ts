import { inject } from 'vitest'
import { connect, type Database } from './client.ts'
import { roleUrl } from './roles.ts'
import { cloneTemplate } from './testing-server.ts'

export interface TestDatabase {
  ownerUrl: string
  appUrl: string
  electricUrl: string
  /** Connected as the app's role, as the server is. */
  db: Database
  close(): Promise<void>
}

/** A fresh migrated database on the run's PostgreSQL; `close` drops it, whoever is still connected. */
export async function testDatabase(): Promise<TestDatabase> {
  const { ownerUrl, drop } = await cloneTemplate(inject('testServerUrl'))
  const appUrl = roleUrl(ownerUrl, 'app')
  const db = connect(appUrl)
  return {
    ownerUrl,
    appUrl,
    electricUrl: roleUrl(ownerUrl, 'electric'),
    db,
    close: async () => {
      await db.close()
      await drop()
    },
  }
}
