import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

test('a test database is migrated and published, and the app’s role reads it', async () => {
  const { value } = await database.db.transaction(null, async (tx) =>
    tx.execute<{ user: string; tables: number }>(sql`
      select current_user::text as user, count(*)::int as tables
      from pg_publication_tables where pubname = 'electric_publication_default'`),
  )
  expect(value[0]).toEqual({ user: 'throughline_app', tables: 8 })
})

test('a transaction that wrote nothing has no txid, and one that wrote names itself', async () => {
  const read = await database.db.transaction(null, async () => 'nothing')
  expect(read.txid).toBeNull()
  const wrote = await database.db.transaction(null, async (tx) =>
    tx.execute<{ xmin: string }>(sql`
      insert into heartbeats (id, beat_at) values (gen_random_uuid(), now()) returning xmin::text as xmin`),
  )
  expect(String(wrote.txid)).toBe(wrote.value[0]?.xmin)
})

test('closing drops the database although somebody still reads a slot of it', async () => {
  const other = await testDatabase()
  const sql = postgres(other.electricUrl, { max: 1, onnotice: () => {} })
  await sql`select pg_create_logical_replication_slot('held_open', 'pgoutput')`
  await sql.end()
  await other.close()
  const owner = postgres(database.ownerUrl, { max: 1 })
  const left = await owner`select from pg_replication_slots where slot_name = 'held_open'`
  await owner.end()
  expect(left).toHaveLength(0)
})
