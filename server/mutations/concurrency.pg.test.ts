import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, type Database } from '#db/client.ts'
import { insertAccount } from '#db/factories.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { must } from '../errors.ts'
import { isWorthRetrying } from './database-errors.ts'
import { mutations } from './registry.ts'
import { apply, inviteBy, makeWorld, outcome, row, rows, type World } from './testing.ts'

let database: TestDatabase
let instances: [Database, Database]
beforeAll(async () => {
  database = await testDatabase()
  instances = [database.db, connect(database.appUrl)]
})
afterAll(async () => {
  await instances[1].close()
  await database.close()
})

async function editors(world: World, count: number): Promise<string[]> {
  const { value } = await database.db.transaction(null, async (tx) => {
    await tx.execute(sql`update invitations set max_uses = 200 where id = ${world.invitation_id}`)
    const people: string[] = []
    for (let n = 1; n <= count; n++) people.push(await insertAccount(tx, { name: `Writer ${n}` }))
    return people
  })
  for (const person of value) await apply(database.db, person, 'session_members.join', { token: world.token })
  return value
}

test('1,000 messages of 20 writers through two instances, some sent twice, take 1,000 positions in order', async () => {
  const world = await makeWorld(database.db)
  const writers = await editors(world, 20)
  const { session_id } = world
  const thread_id = uuidv7()
  const thread = { id: thread_id, session_id, mode: 'general', title: 'Busy' }
  await apply(database.db, world.owner, 'chat_threads.create', thread)

  const write = async (writer: string, index: number) => {
    for (let n = 0; n < 50; n++) {
      const input = { id: uuidv7(), session_id, thread_id, content: `${index}/${n}` }
      const mutationId = uuidv7()
      const send = (db: Database) => apply(db, writer, 'chat_messages.send', input, mutationId)
      const through = instances[(index + n) % 2 === 0 ? 0 : 1]
      // Every fifth goes through both at the same moment, as after an answer that was lost.
      const answers = await Promise.all(n % 5 === 0 ? instances.map(send) : [send(through)])
      expect(new Set(answers.map((answer) => answer.txid)).size).toBe(1)
    }
  }
  await Promise.all(writers.map(write))

  const messages = await rows<{ position: number; content: string }>(
    database.db,
    sql`select position, content from chat_messages where thread_id = ${thread_id} order by created_at`,
  )
  expect(messages.map(({ position }) => position)).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1))
  for (const index of writers.keys()) {
    const own = messages.map(({ content }) => content).filter((content) => content.startsWith(`${index}/`))
    expect(own).toEqual(Array.from({ length: 50 }, (_, n) => `${index}/${n}`))
  }
  const counted = await row(
    database.db,
    sql`select t.message_count as of_thread, s.message_count as of_session,
          (select array_agg(distinct unread_count) from inbox_entries i where i.session_id = s.id
           and account_id in (${sql.join(
             writers.map((id) => sql`${id}::uuid`),
             sql`, `,
           )})) as unread_by_writers
        from chat_threads t join sessions s on s.id = t.session_id where t.id = ${thread_id}`,
  )
  expect(counted).toEqual({ of_thread: 1000, of_session: 1001, unread_by_writers: [950] })
})

test('one mutation id sent many times at once is applied once, and all get the same answer', async () => {
  const world = await makeWorld(database.db)
  const { session_id, thread_id, editor } = world
  const mutationId = uuidv7()
  const input = { id: uuidv7(), session_id, thread_id, content: 'once' }
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      apply(must(instances[n % 2], 'two'), editor, 'chat_messages.send', input, mutationId),
    ),
  )
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
  const count = sql`select message_count from chat_threads where id = ${thread_id}`
  expect(await row(database.db, count)).toEqual({ message_count: 2 })
})

test('one row sent under many mutation ids at once is written once', async () => {
  const world = await makeWorld(database.db)
  const { session_id, thread_id, editor } = world
  const message = { id: uuidv7(), session_id, thread_id, content: 'once' }
  const session = { id: uuidv7(), title: 'Once' }
  const sends = Array.from({ length: 10 }, (_, n) =>
    apply(must(instances[n % 2], 'two'), editor, 'chat_messages.send', message),
  )
  const creates = Array.from({ length: 10 }, (_, n) =>
    apply(must(instances[n % 2], 'two'), editor, 'sessions.create', session),
  )
  for (const answers of [await Promise.all(sends), await Promise.all(creates)]) {
    expect(answers.filter((answer) => answer.txid !== null)).toHaveLength(1)
  }
})

test('two people who make a row by the same id at once: one has it, the other learns nothing', async () => {
  const [one, other] = [await makeWorld(database.db), await makeWorld(database.db)]
  for (let round = 0; round < 10; round++) {
    const id = uuidv7()
    const results = await Promise.all(
      [one, other].map(({ session_id, thread_id, editor }, n) => {
        const input = { id, session_id, thread_id, content: 'mine' }
        return outcome(apply(must(instances[n], 'two'), editor, 'chat_messages.send', input))
      }),
    )
    expect(results.sort()).toEqual(['applied', 'not_found'])
  }
  const positions = await rows<{ gaps: number }>(
    database.db,
    sql`select t.last_position - count(m.id)::int as gaps from chat_threads t left join chat_messages m on m.thread_id = t.id
        where t.id in (${one.thread_id}, ${other.thread_id}) group by t.id`,
  )
  expect(positions).toEqual([{ gaps: 0 }, { gaps: 0 }])
})

test('reading, sending, removing, renaming and joining all at once neither deadlock nor miscount', async () => {
  const world = await makeWorld(database.db)
  const { session_id, thread_id, owner } = world
  const people = await editors(world, 8)
  const pair = [connect(database.appUrl), connect(database.appUrl)]
  const act = async (who: string, n: number) => {
    const db = must(pair[n % 2], 'two')
    for (let round = 0; round < 15; round++) {
      const id = uuidv7()
      await apply(db, who, 'chat_messages.send', { id, session_id, thread_id, content: `${n} ${round}` })
      await apply(db, who, 'inbox_entries.markRead', { session_id, message_id: id })
      if (round % 3 === 0) await apply(db, who, 'chat_messages.remove', { id })
      if (round % 4 === 0) await apply(db, who, 'accounts.rename', { display_name: `Name ${n} ${round}` })
      if (round % 5 === 0)
        await apply(db, who, 'sessions.rename', { id: session_id, title: `Title ${n} ${round}` })
      if (round % 7 === 6) {
        await apply(db, who, 'session_members.leave', { session_id })
        await apply(db, who, 'session_members.join', { token: await inviteBy(db, owner, session_id) })
      }
    }
  }
  await Promise.all(people.map(act))
  // A connection reports what it counted at the latest when it closes.
  await Promise.all(pair.map((db) => db.close()))
  const deadlocks = sql`select deadlocks::int from pg_stat_database where datname = current_database()`
  expect(await row(database.db, deadlocks)).toEqual({ deadlocks: 0 })
  const wrong = await rows(
    database.db,
    sql`select i.account_id from inbox_entries i where i.session_id = ${session_id} and i.unread_count <> (
          select count(*) from chat_messages m where m.session_id = i.session_id and m.removed_at is null
            and m.author_account_id is distinct from i.account_id and m.created_at > coalesce(i.last_read_at, '-infinity'))`,
  )
  expect(wrong).toEqual([])
  const names = await rows(
    database.db,
    sql`select from session_members m join accounts a on a.id = m.account_id
        where session_id = ${session_id} and left_at is null and m.display_name <> a.display_name`,
  )
  expect(names).toEqual([])
  const members = sql`select member_count from sessions where id = ${session_id} and owner_account_id = ${owner}`
  expect(await row(database.db, members)).toEqual({ member_count: 11 })
})

async function untilOneWaits(): Promise<void> {
  const waits = sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await rows(instances[0], waits)).length === 0);
}

test('who reads up to a message while the next one is being sent has that one still to read', async () => {
  const { session_id, thread_id, editor, viewer, message_id } = await makeWorld(database.db)
  let read: Promise<unknown> | undefined
  await database.db.transaction(editor, async (tx) => {
    const next = { id: uuidv7(), session_id, thread_id, content: 'next' }
    await mutations['chat_messages.send'](tx, { accountId: editor }, next)
    read = apply(instances[1], viewer, 'inbox_entries.markRead', { session_id, message_id })
    await untilOneWaits()
  })
  await read
  const unread = sql`select unread_count from inbox_entries where session_id = ${session_id} and account_id = ${viewer}`
  expect(await row(database.db, unread)).toEqual({ unread_count: 1 })
})

test('who is removed while her message waits for the session is told that there is none', async () => {
  const { session_id, thread_id, owner, editor } = await makeWorld(database.db)
  const id = uuidv7()
  let sent: Promise<string> | undefined
  await database.db.transaction(owner, async (tx) => {
    await mutations['session_members.remove'](tx, { accountId: owner }, { session_id, account_id: editor })
    const input = { id, session_id, thread_id, content: 'too late' }
    sent = outcome(apply(instances[1], editor, 'chat_messages.send', input))
    await untilOneWaits()
  })
  expect(await sent).toBe('not_found')
  expect(await rows(database.db, sql`select from chat_messages where id = ${id}`)).toEqual([])
})

test('a change that meets another program’s locks the wrong way round is tried again', async () => {
  const { session_id, thread_id, owner, editor } = await makeWorld(database.db)
  let sent: Promise<string> | undefined
  const other = database.db.transaction(null, async (tx) => {
    await tx.execute(
      sql`select from inbox_entries where account_id = ${owner} and session_id = ${session_id} for update`,
    )
    const input = { id: uuidv7(), session_id, thread_id, content: 'in spite of it' }
    sent = outcome(apply(instances[1], editor, 'chat_messages.send', input))
    await untilOneWaits()
    await tx.execute(sql`select from sessions where id = ${session_id} for update`)
  })
  // Postgres ends the message's transaction, which waited first; on a machine that stalls, perhaps the other.
  const ended = await other.then(
    () => 'the message',
    (error: unknown) => (isWorthRetrying(error) ? 'the other' : error),
  )
  expect(['the message', 'the other']).toContain(ended)
  expect(await sent).toBe('applied')
  const count = sql`select message_count from chat_threads where id = ${thread_id}`
  expect(await row(database.db, count)).toEqual({ message_count: 2 })
})
