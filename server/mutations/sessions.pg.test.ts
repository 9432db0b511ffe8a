import { sql } from 'drizzle-orm'
import { v4 as uuidv4, v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MutationName } from '#db/inputs/index.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { firstThreadId } from './sessions.ts'
import { apply, everything, makeWorld, outcome, row, rows, sha256, type World } from './testing.ts'

let database: TestDatabase
let world: World
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  world = await makeWorld(database.db)
})

test('a new session has its owner, her inbox entry and a first thread whose id she can compute', async () => {
  const id = uuidv7()
  await apply(database.db, world.stranger, 'sessions.create', { id, title: '  Fix the build ' })
  const made = await row(
    database.db,
    sql`select s.title, s.member_count, s.thread_count, m.role, m.display_name, i.title as entry, i.unread_count,
          t.id as thread, t.title as thread_title, t.mode
        from sessions s join session_members m on m.session_id = s.id join inbox_entries i on i.session_id = s.id
          join chat_threads t on t.session_id = s.id where s.id = ${id}`,
  )
  expect(made).toEqual({
    title: 'Fix the build',
    member_count: 1,
    thread_count: 1,
    role: 'owner',
    display_name: 'Dora',
    entry: 'Fix the build',
    unread_count: 0,
    thread: firstThreadId(world.stranger, id),
    thread_title: 'General',
    mode: 'general',
  })
})

test('a session sent again under a new mutation id is there already, and writes only that it was sent', async () => {
  const input = { id: uuidv7(), title: 'Twice' }
  await apply(database.db, world.owner, 'sessions.create', input)
  expect(await apply(database.db, world.owner, 'sessions.create', input)).toEqual({
    txid: null,
    awaits: null,
  })
  expect(
    await outcome(apply(database.db, world.owner, 'sessions.create', { ...input, title: 'Other' })),
  ).toBe('conflict')
})

test('nobody learns or changes anything by naming an id that another’s row has', async () => {
  const { db } = database
  const own = uuidv7()
  await apply(db, world.stranger, 'sessions.create', { id: own, title: 'Own' })
  const thread_id = firstThreadId(world.stranger, own)
  const before = await everything(db)
  const attempts: [MutationName, unknown][] = [
    ['sessions.create', { id: world.session_id, title: 'Shared' }],
    [
      'chat_threads.create',
      {
        id: world.thread_id,
        session_id: own,
        mode: 'general',
        title: 'General',
      },
    ],
    [
      'chat_messages.send',
      {
        id: world.message_id,
        session_id: own,
        thread_id,
        content: 'first',
      },
    ],
    [
      'chat_messages.send',
      {
        id: uuidv7(),
        session_id: own,
        thread_id: world.thread_id,
        content: 'into another’s thread',
      },
    ],
    [
      'chat_tool_events.start',
      {
        id: world.tool_event_id,
        session_id: own,
        thread_id: null,
        tool_name: 'search',
        arguments: null,
      },
    ],
    [
      'invitations.create',
      {
        id: world.invitation_id,
        session_id: own,
        token_hash: 'a'.repeat(64),
        role: 'viewer',
        expires_in_days: 1,
        max_uses: 1,
      },
    ],
    ['inbox_entries.markRead', { session_id: own, message_id: world.message_id }],
  ]
  for (const [name, input] of attempts) {
    expect(await outcome(apply(db, world.stranger, name, input))).toBe('not_found')
  }
  expect(await everything(db)).toEqual(before)
})

test('renaming moves the title in every member’s inbox', async () => {
  await apply(database.db, world.editor, 'sessions.rename', { id: world.session_id, title: 'Renamed' })
  const titles = await rows(
    database.db,
    sql`select distinct title from inbox_entries where session_id = ${world.session_id}`,
  )
  expect(titles).toEqual([{ title: 'Renamed' }])
  const again = apply(database.db, world.editor, 'sessions.rename', {
    id: world.session_id,
    title: 'Renamed',
  })
  expect(await again).toEqual({ txid: null, awaits: null })
})

test('an archived session is read, pinned and left, but not written until it is unarchived', async () => {
  const { db } = database
  const { session_id, thread_id, message_id, owner, editor, viewer } = world
  await apply(db, owner, 'sessions.archive', { id: session_id, archived: true })
  const entries = sql`select count(*)::int as archived from inbox_entries where session_id = ${session_id} and archived_at is not null`
  expect(await row(db, entries)).toEqual({ archived: 3 })
  const send = () =>
    outcome(
      apply(db, editor, 'chat_messages.send', { id: uuidv7(), session_id, thread_id, content: 'too late' }),
    )
  expect(await send()).toBe('conflict')
  const create = { id: uuidv7(), session_id, mode: 'general', title: 'New' }
  expect(await outcome(apply(db, editor, 'chat_threads.create', create))).toBe('conflict')
  const edit = { id: message_id, content: 'changed' }
  expect(await outcome(apply(db, editor, 'chat_messages.edit', edit))).toBe('conflict')
  expect(await outcome(apply(db, viewer, 'inbox_entries.markRead', { session_id, message_id }))).toBe(
    'applied',
  )
  expect(await outcome(apply(db, viewer, 'inbox_entries.pin', { session_id, pinned: true }))).toBe('applied')
  expect(await outcome(apply(db, viewer, 'session_members.leave', { session_id }))).toBe('applied')
  await apply(db, owner, 'sessions.archive', { id: session_id, archived: false })
  expect(await send()).toBe('applied')
})

test('deleting a session takes everything in it along, and ends the access of all who were in', async () => {
  const { db } = database
  const { session_id, thread_id, owner, editor, viewer } = world
  await apply(db, editor, 'chat_threads.create', { id: uuidv7(), session_id, mode: 'session', title: 'More' })
  await apply(db, owner, 'chat_messages.send', { id: uuidv7(), session_id, thread_id, content: 'second' })
  await apply(db, viewer, 'session_members.leave', { session_id })
  await apply(db, owner, 'sessions.remove', { id: session_id })
  const left = await rows(
    db,
    sql.raw(
      ['session_members', 'inbox_entries', 'invitations', 'chat_threads', 'chat_messages', 'chat_tool_events']
        .map((table) => `select '${table}' from ${table} where session_id = '${session_id}'`)
        .join(' union all '),
    ),
  )
  expect(left).toEqual([])
  const ended = await rows<{ account_id: string }>(
    db,
    sql`select account_id from access_cutoffs where session_id = ${session_id}`,
  )
  expect(ended.map((cutoff) => cutoff.account_id).sort()).toEqual([owner, editor, viewer].sort())
})

// Ids that the server or the importer makes are v5, so anybody can compute them: nobody may take one beforehand.
test('what a caller makes gets an id that nobody can foresee', async () => {
  const { db } = database
  const { owner, session_id, thread_id } = world
  const place = { session_id, thread_id }
  const inputs: [MutationName, Record<string, unknown>][] = [
    ['sessions.create', { title: 'New' }],
    ['chat_threads.create', { session_id, mode: 'general', title: 'New' }],
    ['chat_messages.send', { ...place, content: 'new' }],
    ['chat_tool_events.start', { ...place, tool_name: 'list', arguments: {} }],
    [
      'invitations.create',
      { session_id, token_hash: sha256('new'), role: 'viewer', expires_in_days: 1, max_uses: 1 },
    ],
  ]
  for (const [name, input] of inputs) {
    for (const id of [uuidv4(), firstThreadId(owner, uuidv7())]) {
      expect(await outcome(apply(db, owner, name, { ...input, id })), name).toBe('invalid')
    }
    expect(await outcome(apply(db, owner, name, { ...input, id: uuidv7().toUpperCase() })), name).toBe(
      'applied',
    )
  }
})
