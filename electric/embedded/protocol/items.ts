import { randomUUID } from 'node:crypto'
import type { ElectricOptions } from '../options.ts'
import {
  createTable,
  get,
  type ShapeResponse,
  startTestDatabase,
  startTestElectric,
  type TestDatabase,
  type TestElectric,
} from '../testing.ts'

/** A table of things that belong to somebody, and a server of its shapes. */
export interface Items {
  readonly database: TestDatabase
  readonly electric: TestElectric
  /** @returns its id. */
  insert(owner: string | null, size?: number, title?: string): Promise<string>
  /** Waits for what follows an answer. */
  live(params: Record<string, string>, after: ShapeResponse, init?: RequestInit): Promise<ShapeResponse>
  /** Another server of the same database, for as long as the work takes. */
  with<Result>(
    options: Partial<ElectricOptions>,
    work: (other: TestElectric) => Promise<Result>,
  ): Promise<Result>
  stop(): Promise<void>
}

export async function startItems(options: Partial<ElectricOptions> = {}): Promise<Items> {
  const database = await startTestDatabase()
  await createTable(
    database.sql,
    'items',
    'id uuid PRIMARY KEY, owner uuid, size int4 NOT NULL, done bool, title text',
  )
  const electric = await startTestElectric(database, { longPollTimeoutMs: 400, ...options })
  await electric.ready
  return {
    database,
    electric,
    insert: async (owner, size = 1, title = 'a') => {
      const id = randomUUID()
      await database.sql`INSERT INTO items VALUES (${id}, ${owner}, ${size}, true, ${title})`
      return id
    },
    live: (params, after, init) =>
      get(electric, { ...params, handle: after.handle, offset: after.offset, live: 'true' }, init),
    with: async (others, work) => {
      const other = await startTestElectric(database, others)
      try {
        await other.ready
        return await work(other)
      } finally {
        await other.close()
      }
    },
    stop: async () => {
      await electric.close()
      await database.stop()
    },
  }
}

export const owned = (owner: string) => ({ table: 'items', where: 'owner = $1', 'params[1]': owner })
