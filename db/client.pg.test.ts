import { count, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type Database, type Transaction } from './client.ts'
import { heartbeats } from './schema/index.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let database: TestDatabase
let db: Database
beforeAll(async () => {
  database = await testDatabase()
  db = connect(database.appUrl, { maxConnections: 1 }) // so that each transaction gets what the one before left
})
afterAll(async () => {
  await db.close()
  await database.close()
})

const beat = (tx: Transaction) =>
  tx.insert(heartbeats).values({ id: sql`gen_random_uuid()`, beat_at: new Date() })
const counting = (tx: Transaction) => tx.select({ count: count() }).from(heartbeats)
const committed = async () => (await db.transaction(null, counting)).value

test('statements that go together are taken in the order in which they were sent', async () => {
  const before = await committed()
  const { value } = await db.transaction(null, async (tx) => {
    const [first, , second] = await Promise.all([
      counting(tx).execute(),
      beat(tx).execute(),
      counting(tx).execute(),
    ])
    return [first, second]
  })
  expect(value).toEqual([before, await committed()])
  expect(value[0]).not.toEqual(value[1])
})

test('of those that go together all are undone when one fails, and what it says is told', async () => {
  const before = await committed()
  const failing = db.transaction(null, (tx) =>
    Promise.all([beat(tx).execute(), tx.execute(sql`select 1 / ${0}::int`), beat(tx), counting(tx)]),
  )
  await expect(failing).rejects.toMatchObject({ cause: { message: 'division by zero' } })
  expect(await committed()).toEqual(before)
})

test('a statement that came too late in a failed transaction is as good as new in the next', async () => {
  const late = (tx: Transaction) => tx.execute(sql`select ${'never sent before'} as text`)
  const failing = db.transaction(null, (tx) => Promise.all([tx.execute(sql`select 2 / ${0}::int`), late(tx)]))
  await expect(failing).rejects.toThrow()
  expect((await db.transaction(null, late)).value).toMatchObject({ 0: { text: 'never sent before' } })
})

test('what a transaction sends after its end is refused', async () => {
  const { value: tx } = await db.transaction(null, async (tx) => ({ late: () => beat(tx) }))
  const before = await committed()
  await expect(tx.late()).rejects.toMatchObject({ cause: { message: expect.stringContaining('has ended') } })
  expect(await committed()).toEqual(before)
})

test.each([null, '01890000-0000-7000-8000-000000000000', `it's; \\' select`])(
  'whom a transaction is for is told to it alone: %s',
  async (accountId) => {
    const told = async (tx: Transaction) => {
      const [row] = await tx.execute(sql`select current_setting('app.account_id') as id`)
      return row?.id
    }
    expect((await db.transaction(accountId, told)).value).toBe(accountId ?? '')
    expect((await db.transaction(null, told)).value).toBe('')
  },
)
