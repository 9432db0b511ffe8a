import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { apply, everything, makeWorld, outcome, row, rows, type World } from './testing.ts'

let database: TestDatabase
let world: World
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  world = await makeWorld(database.db)
})

async function send(who: string, content: string, more: Record<string, unknown> = {}): Promise<string> {
  const id = uuidv7()
  const { session_id, thread_id } = world
  await apply(database.db, who, 'chat_messages.send', { id, session_id, thread_id, content, ...more })
  return id
}
const message = (id: string) =>
  row(
    database.db,
    sql`select position, content, mentions, edited_at is not null as edited, removed_at is not null as removed
        from chat_messages where id = ${id}`,
  )
const thread = () =>
  row(
    database.db,
    sql`select message_count, last_position, last_message_preview from chat_threads where id = ${world.thread_id}`,
  )
const inbox = async () => {
  const entries = await rows<{ account_id: string; unread: number; preview: string | null; author: string }>(
    database.db,
    sql`select account_id, unread_count as unread, last_message_preview as preview, last_message_author as author
        from inbox_entries where session_id = ${world.session_id}`,
  )
  const of = (id: string) => entries.find((entry) => entry.account_id === id)
  return { owner: of(world.owner), editor: of(world.editor), viewer: of(world.viewer) }
}

test('a message takes the next position, and moves counters, preview and the others’ unread counts', async () => {
  const id = await send(world.owner, 'x'.repeat(300))
  expect(await message(id)).toMatchObject({ position: 2, edited: false, removed: false })
  const preview = 'x'.repeat(280)
  expect(await thread()).toEqual({ message_count: 2, last_position: 2, last_message_preview: preview })
  expect(await inbox()).toMatchObject({
    owner: { unread: 1, preview, author: 'Ada' },
    editor: { unread: 1, preview, author: 'Ada' },
    viewer: { unread: 2, preview, author: 'Ada' },
  })
})

test('of the accounts mentioned only members are kept, each once', async () => {
  const mentions = [world.viewer, world.stranger, world.viewer, uuidv7()]
  expect(await message(await send(world.owner, 'hi', { mentions }))).toMatchObject({
    mentions: [world.viewer],
  })
})

test('a message sent again under a new mutation id is there already; another by its id is a conflict', async () => {
  const id = await send(world.owner, 'once')
  const again = { id, session_id: world.session_id, thread_id: world.thread_id, content: 'once' }
  const answer = await apply(database.db, world.owner, 'chat_messages.send', again)
  expect(answer).toEqual({ txid: null, awaits: null })
  const other = { ...again, content: 'twice' }
  expect(await outcome(apply(database.db, world.owner, 'chat_messages.send', other))).toBe('conflict')
  expect(await outcome(apply(database.db, world.editor, 'chat_messages.send', again))).toBe('not_found')
  expect(await thread()).toMatchObject({ message_count: 2, last_position: 2 })
})

test('only who wrote a message changes or removes it, not even the owner', async () => {
  const before = await everything(database.db)
  const { owner, message_id: id } = world
  expect(await outcome(apply(database.db, owner, 'chat_messages.edit', { id, content: 'mine' }))).toBe(
    'forbidden',
  )
  expect(await outcome(apply(database.db, owner, 'chat_messages.remove', { id }))).toBe('forbidden')
  expect(await everything(database.db)).toEqual(before)
})

test('editing the newest message changes the previews, editing an older one does not', async () => {
  const id = await send(world.editor, 'second')
  await apply(database.db, world.editor, 'chat_messages.edit', { id: world.message_id, content: 'older' })
  expect(await thread()).toMatchObject({ last_message_preview: 'second' })
  await apply(database.db, world.editor, 'chat_messages.edit', { id, content: 'newest' })
  expect(await message(id)).toMatchObject({ content: 'newest', edited: true, position: 2 })
  expect(await thread()).toMatchObject({ last_message_preview: 'newest' })
  expect(await inbox()).toMatchObject({ viewer: { preview: 'newest', unread: 2 } })
})

test('a removed message leaves its place empty, and whoever had not read it has one less to read', async () => {
  const { db } = database
  const { session_id, editor, owner } = world
  const id = await send(editor, 'regretted', { mentions: [owner] })
  await apply(db, owner, 'inbox_entries.markRead', { session_id, message_id: id })
  await apply(db, editor, 'chat_messages.remove', { id })
  expect(await message(id)).toEqual({ position: 2, content: '', mentions: [], edited: false, removed: true })
  expect(await thread()).toEqual({ message_count: 1, last_position: 2, last_message_preview: 'first' })
  expect(await inbox()).toMatchObject({
    owner: { unread: 0, preview: 'first', author: 'Ben' },
    editor: { unread: 0 },
    viewer: { unread: 1 },
  })
  expect(await apply(db, editor, 'chat_messages.remove', { id })).toEqual({ txid: null, awaits: null })
  expect(await outcome(apply(db, editor, 'chat_messages.edit', { id, content: 'back' }))).toBe('conflict')
  expect(await message(await send(editor, 'next'))).toMatchObject({ position: 3 })
})

test('with its last message a session has no preview left', async () => {
  await apply(database.db, world.editor, 'chat_messages.remove', { id: world.message_id })
  expect(await thread()).toEqual({ message_count: 0, last_position: 1, last_message_preview: null })
  expect(await inbox()).toMatchObject({ owner: { preview: null, author: null, unread: 0 } })
})

test('an archived thread takes no messages', async () => {
  const { db } = database
  const { session_id, thread_id, editor } = world
  await apply(db, editor, 'chat_threads.archive', { id: thread_id, archived: true })
  const late = { id: uuidv7(), session_id, thread_id, content: 'late' }
  expect(await outcome(apply(db, editor, 'chat_messages.send', late))).toBe('conflict')
})

test('removing a thread takes its messages out of every count', async () => {
  const { db } = database
  const { session_id, editor } = world
  const other = uuidv7()
  await apply(db, editor, 'chat_threads.create', { id: other, session_id, mode: 'session', title: 'Other' })
  await send(editor, 'in the other thread', { thread_id: other })
  expect(await inbox()).toMatchObject({ viewer: { unread: 2, preview: 'in the other thread' } })
  await apply(db, editor, 'chat_threads.remove', { id: other })
  expect(await inbox()).toMatchObject({ viewer: { unread: 1, preview: 'first' }, editor: { unread: 0 } })
  const counts = sql`select thread_count, message_count from sessions where id = ${session_id}`
  expect(await row(db, counts)).toEqual({ thread_count: 1, message_count: 1 })
})

test('reading moves forward only', async () => {
  const { db } = database
  const { session_id, viewer, owner, message_id } = world
  const newest = await send(owner, 'second')
  const read = (id: string) => apply(db, viewer, 'inbox_entries.markRead', { session_id, message_id: id })
  await read(message_id)
  expect(await inbox()).toMatchObject({ viewer: { unread: 1 } })
  await read(newest)
  expect(await inbox()).toMatchObject({ viewer: { unread: 0 } })
  expect(await read(message_id)).toEqual({ txid: null, awaits: null })
  expect(await read(newest)).toEqual({ txid: null, awaits: null })
  expect(await inbox()).toMatchObject({ viewer: { unread: 0 } })
})

test('a message may have 100 KB, and not a byte more', async () => {
  await send(world.owner, 'é'.repeat(50 * 1024))
  const { session_id, thread_id } = world
  const input = { id: uuidv7(), session_id, thread_id, content: `${'é'.repeat(50 * 1024)}.` }
  expect(await outcome(apply(database.db, world.owner, 'chat_messages.send', input))).toBe('invalid')
})
