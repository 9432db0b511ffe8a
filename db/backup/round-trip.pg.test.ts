import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, type Database } from '../client.ts'
import { insertMessage, insertSession, insertThread, shareSession } from '../factories.ts'
import { migrateDatabase } from '../migrate.ts'
import { readJournal } from '../migration-journal.ts'
import { SEEDED, seed } from '../seed.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'
import { backupDatabase } from './backup.ts'
import { restoreToDatabase } from './restore-to-database.ts'
import {
  contentsOf,
  emptyDatabase,
  migratedDatabase,
  on,
  type Place,
  schemaOf,
  type TestTarget,
  temporaryPlace,
} from './testing.ts'

const OPTIONS = { productVersion: '0.0.0' }

let source: TestDatabase
let place: Place
/** The source's backup, restored into a database that held nothing at all. */
let copy: TestTarget
beforeAll(async () => {
  source = await testDatabase()
  place = await temporaryPlace()
  await seed(source.db)
  await addNastyValues(source.db)
  copy = await emptyDatabase()
})
afterAll(async () => {
  await source.close()
  await copy.drop()
  await place[Symbol.asyncDispose]()
})

const NASTY = [
  '',
  '\\',
  '\\.',
  '\n\\.\n',
  '\\N',
  '\\x00\\000\\u0000',
  'a\tb\rc\r\nd\ve\ff\bg\x01\x7f',
  '"quoted", {braces}, \'single\', $1, %s, --, ;',
  '🦊 Ω é e\u0301 \u202e\u0000'.replace('\u0000', '\ufffe'),
  ' \u00a0 leading and trailing \u2028 ',
  'x'.repeat(100_000),
]

async function addNastyValues(db: Database): Promise<void> {
  const session_id = uuidv7()
  await db.transaction(null, async (tx) => {
    await insertSession(tx, { id: session_id, title: '\\N', members: [[SEEDED.ada, 'owner']] })
    const thread_id = await insertThread(tx, { session_id, title: '\t', last_message_preview: '' })
    for (const content of NASTY) {
      const evidence = JSON.stringify([{ [content.slice(0, 100)]: [content, null, true, 1e300, -0.1] }])
      const id = await insertMessage(tx, {
        session_id,
        thread_id,
        content,
        client_message_id: content.slice(0, 50),
      })
      await tx.execute(sql`update chat_messages set evidence = ${evidence}::jsonb where id = ${id}`)
    }
    await tx.execute(sql`
      insert into access_cutoffs values
        (${SEEDED.ada}, ${uuidv7()}, 'infinity'), (${SEEDED.ben}, ${uuidv7()}, '-infinity'),
        (${SEEDED.ben}, ${uuidv7()}, '0001-01-01 00:00:00.000001+00 BC'), (${SEEDED.ben}, ${uuidv7()}, '294276-12-31 23:59:59.999999+00')`)
    await tx.execute(sql`
      update chat_threads set last_position = 2147483647 where id <> ${thread_id} and title = 'General'`)
  })
}

test('what is restored is what was there, in every table', async () => {
  const made = await backupDatabase(source.ownerUrl, place.file, OPTIONS)
  const restored = await restoreToDatabase(copy.ownerUrl, place.file, {})
  const before = await contentsOf(source.ownerUrl)
  expect(await contentsOf(copy.ownerUrl)).toEqual(before)
  const rows = Object.values(before).reduce((sum, table) => sum + table.rows, 0)
  expect(made).toMatchObject({ rows, others: [] })
  expect(restored).toMatchObject({ rows, kept: null })
  expect(before['public.chat_messages']?.rows).toBeGreaterThan(NASTY.length)
})

test('every rule holds again: constraints, triggers, indexes, grants, publication', async () => {
  expect(await schemaOf(copy.ownerUrl)).toEqual(await schemaOf(source.ownerUrl))
})

test('writing goes on where it stopped: positions, refused deletions, sequences', async () => {
  await on(copy.ownerUrl, async (owner) => {
    const [next] = await owner`
      with thread as (select * from chat_threads where title = ${'\t'})
      insert into chat_messages (id, session_id, thread_id, position, role, content)
      select ${uuidv7()}, session_id, id, 0, 'user', 'next' from thread returning position`
    expect(next).toEqual({ position: NASTY.length + 1 })
    await expect(owner`delete from chat_messages where content = 'next'`).rejects.toThrow(
      'leaves a tombstone',
    )
    await expect(owner`update chat_threads set session_id = ${uuidv7()}`).rejects.toThrow('foreign key')
    const journal = await readJournal()
    const [id] = await owner`select nextval('drizzle.__drizzle_migrations_id_seq')::int as next`
    expect(id).toEqual({ next: journal.length + 1 })
  })
})

test('a backup of an earlier state of the schema is restored and then brought to this release’s', async () => {
  const journal = await readJournal()
  const through = journal.at(-2)?.tag ?? ''
  await using older = await emptyDatabase()
  await migrateDatabase(older.ownerUrl, {}, { through })
  await on(
    older.ownerUrl,
    (owner) =>
      owner`insert into accounts (id, display_name, kind) values (${uuidv7()}, 'From before', 'full')`,
  )
  await using file = await temporaryPlace()
  const { head } = await backupDatabase(older.ownerUrl, file.file, OPTIONS)
  expect(head.migrations.at(-1)?.tag).toBe(through)

  await using target = await emptyDatabase()
  await restoreToDatabase(target.ownerUrl, file.file, {})
  expect(await schemaOf(target.ownerUrl)).toEqual(await schemaOf(source.ownerUrl))
  const found = await on(
    target.ownerUrl,
    (owner) => owner`
    select display_name, (select count(*)::int from drizzle.__drizzle_migrations) as migrations from accounts`,
  )
  expect(found).toEqual([{ display_name: 'From before', migrations: journal.length }])
})

test('an owner who is no superuser can back up, and restore into an empty database', async () => {
  const [login, password] = [`weak_${randomBytes(4).toString('hex')}`, 'weak']
  await using target = await emptyDatabase()
  await on(target.ownerUrl, async (superuser) => {
    await superuser.unsafe(`create role ${login} login password '${password}'`)
    await superuser.unsafe(`alter database ${target.name} owner to ${login}`)
  })
  try {
    const url = new URL(target.ownerUrl)
    url.username = login
    url.password = password
    const passwords = {
      app: decodeURIComponent(new URL(source.appUrl).password),
      electric: decodeURIComponent(new URL(source.electricUrl).password),
    }
    await restoreToDatabase(url.href, place.file, { passwords })
    await using again = await temporaryPlace()
    await backupDatabase(url.href, again.file, OPTIONS)
    expect(await contentsOf(url.href)).toEqual(await contentsOf(source.ownerUrl))
    const refused = restoreToDatabase(url.href, place.file, { passwords, replace: true })
    await expect(refused).rejects.toThrow(
      /may not make and rename databases.*As a superuser: CREATE DATABASE/s,
    )
  } finally {
    await target.drop()
    await on(source.ownerUrl, (superuser) => superuser.unsafe(`drop role ${login}`))
  }
})

describe('what a backup cannot carry is refused, not forgotten', () => {
  test('every table and sequence of a migrated database is known, and nothing but tables holds rows', async () => {
    await using target = await migratedDatabase()
    await using file = await temporaryPlace()
    const { head, others } = await backupDatabase(target.ownerUrl, file.file, OPTIONS)
    expect(others).toEqual([])
    expect(head.tables.map(({ schema, name }) => `${schema}.${name}`)).toEqual(
      Object.keys(await contentsOf(target.ownerUrl)).sort(),
    )
    const otherKinds = await on(
      target.ownerUrl,
      (owner) => owner`
      select relname, relkind from pg_class
      where relnamespace::regnamespace::text !~ '^(pg_|information_schema)' and relkind not in ('r', 'i', 'S', 't', 'v', 'c')`,
    )
    expect(otherKinds).toEqual([])
  })

  test('tables of somebody else are named, and left out only when that is asked for', async () => {
    await using target = await migratedDatabase()
    await on(target.ownerUrl, (owner) =>
      owner.unsafe('create schema other; create table other.notes (id serial)'),
    )
    await using file = await temporaryPlace()
    const refused = backupDatabase(target.ownerUrl, file.file, OPTIONS)
    await expect(refused).rejects.toThrow(/- other\.notes\n- other\.notes_id_seq\n.*add --leave-others/s)
    expect(await file.files()).toEqual([])
    const { others, head } = await backupDatabase(target.ownerUrl, file.file, {
      ...OPTIONS,
      leaveOthers: true,
    })
    expect(others).toEqual(['other.notes', 'other.notes_id_seq'])
    expect(head.tables.some(({ schema }) => schema === 'other')).toBe(false)
  })

  test('tables that were changed by hand are named with what is different', async () => {
    await using target = await migratedDatabase()
    await on(target.ownerUrl, (owner) =>
      owner.unsafe(
        'alter table accounts add note text; alter table sessions drop commit; drop table invitations',
      ),
    )
    await using file = await temporaryPlace()
    const refusal = await backupDatabase(target.ownerUrl, file.file, OPTIONS).catch(
      (error: Error) => error.message,
    )
    expect(refusal).toContain('the column note of public.accounts is none of ours')
    expect(refusal).toContain('the column commit of public.sessions is missing')
    expect(refusal).toContain('the table public.invitations is missing')
    expect(await file.files()).toEqual([])
  })

  test('a database that was never set up, and one of a newer release', async () => {
    await using empty = await emptyDatabase()
    await using newer = await migratedDatabase()
    await on(
      newer.ownerUrl,
      (owner) => owner`
      insert into drizzle.__drizzle_migrations (hash, created_at) select 'later', max(created_at) + 1 from drizzle.__drizzle_migrations`,
    )
    await using file = await temporaryPlace()
    await expect(backupDatabase(empty.ownerUrl, file.file, OPTIONS)).rejects.toThrow('was never set up')
    await expect(backupDatabase(newer.ownerUrl, file.file, OPTIONS)).rejects.toThrow('by a newer release')
    expect(await file.files()).toEqual([])
  })
})

describe('while the product runs', () => {
  test('the file holds one moment: what is committed after it began is in none of the tables', async () => {
    await using moment = await testDatabaseWithThread()
    const { database, session_id, thread_id } = moment
    const before = await contentsOf(database.ownerUrl)
    await using file = await temporaryPlace()
    const backup = await on(database.ownerUrl, async (owner) => {
      const blocker = await owner.reserve()
      await blocker`begin`
      await blocker`lock table chat_threads in access exclusive mode`
      const running = backupDatabase(database.ownerUrl, file.file, OPTIONS)
      await untilSomebodyWaits(database.ownerUrl)
      await blocker`insert into chat_messages (id, session_id, thread_id, position, role, content)
                    values (${uuidv7()}, ${session_id}, ${thread_id}, 0, 'user', 'later')`
      await blocker`commit`
      blocker.release()
      return running
    })
    await using target = await migratedDatabase()
    expect(await restoreToDatabase(target.ownerUrl, file.file, {})).toMatchObject({ rows: backup.rows })
    expect(await contentsOf(target.ownerUrl)).toEqual(before)
    expect(await contentsOf(database.ownerUrl)).not.toEqual(before)
  })

  test('positions stay without gaps in every copy that is taken while many write', async () => {
    await using moment = await testDatabaseWithThread()
    const { database, session_id, thread_id } = moment
    const stopped = new AbortController()
    let written = 0
    const writers = Array.from({ length: 4 }, async () => {
      while (!stopped.signal.aborted) {
        await database.db.transaction(null, (tx) =>
          insertMessage(tx, { session_id, thread_id, content: 'more' }),
        )
        written += 1
        stopped.signal.dispatchEvent(new Event('written'))
      }
    })
    await using file = await temporaryPlace()
    for (const copy of [1, 2]) {
      while (written < 20 * copy) await once(stopped.signal, 'written')
      await backupDatabase(database.ownerUrl, `${file.file}.${copy}`, OPTIONS)
    }
    stopped.abort()
    await Promise.all(writers)
    for (const copy of [1, 2]) {
      await using target = await migratedDatabase()
      await restoreToDatabase(target.ownerUrl, `${file.file}.${copy}`, {})
      const found = await on(
        target.ownerUrl,
        (owner) => owner`
        select count(*) >= ${20 * copy} as enough, count(*) = max(position) as gapless,
               max(position) = (select last_position from chat_threads) as counted from chat_messages`,
      )
      expect(found).toEqual([{ enough: true, gapless: true, counted: true }])
    }
  })
})

async function testDatabaseWithThread() {
  const database = await testDatabase()
  const { session_id, thread_id } = await shareSession(database.db, { Ada: 'owner' })
  return { database, session_id, thread_id, [Symbol.asyncDispose]: () => database.close() }
}

async function untilSomebodyWaits(url: string): Promise<void> {
  const db = connect(url, { maxConnections: 1 })
  const waiting = sql`select from pg_locks l join pg_database d on d.oid = l.database
                      where not granted and d.datname = current_database()`
  while ((await db.transaction(null, (tx) => tx.execute(waiting))).value.length === 0);
  await db.close()
}
