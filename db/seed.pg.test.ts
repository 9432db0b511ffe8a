import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureLocalAccount, LOCAL_ACCOUNT_ID } from './local-account.ts'
import { MANY_MESSAGES, SEEDED, seed } from './seed.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

async function read(query: ReturnType<typeof sql>): Promise<unknown[]> {
  const { value } = await database.db.transaction(null, (tx) => tx.execute(query))
  return [...value]
}
const messages = sql`select id, position, content, created_at from chat_messages order by thread_id, position`
const inboxes = sql`
  select account_id = ${SEEDED.ada} as ada, count(*)::int as sessions, sum(unread_count)::int as unread
  from inbox_entries group by 1 order by 1 desc`

test('two people share sessions, with messages to read in them, and seeding again changes nothing', async () => {
  await seed(database.db)
  const first = await read(messages)
  expect(first.length).toBeGreaterThan(10)
  expect(await read(inboxes)).toEqual([
    { ada: true, sessions: 3, unread: 8 },
    { ada: false, sessions: 2, unread: 6 },
  ])
  await database.db.transaction(null, (tx) =>
    tx.execute(sql`update sessions set title = 'Mine' where title = 'Notes'`),
  )
  await seed(database.db)
  expect(await read(messages)).toEqual(first)
  expect(await read(sql`select title from sessions where title in ('Mine', 'Notes')`)).toEqual([
    { title: 'Mine' },
  ])
})

test('the large seed has one very long thread', async () => {
  await seed(database.db, 'large')
  expect(
    await read(sql`select message_count, last_position from chat_threads where message_count > 100`),
  ).toEqual([{ message_count: MANY_MESSAGES, last_position: MANY_MESSAGES }])
})

test('the local account is made once and keeps the name that its person chose', async () => {
  const other = await testDatabase()
  await ensureLocalAccount(other.db)
  const named = (name: string) =>
    other.db.transaction(null, (tx) =>
      tx.execute(sql`update accounts set display_name = ${name} where id = ${LOCAL_ACCOUNT_ID}`),
    )
  await named('Grace')
  await ensureLocalAccount(other.db)
  const { value } = await other.db.transaction(null, (tx) =>
    tx.execute(sql`select id, display_name, kind from accounts`),
  )
  await other.close()
  expect([...value]).toEqual([{ id: LOCAL_ACCOUNT_ID, display_name: 'Grace', kind: 'local' }])
})
