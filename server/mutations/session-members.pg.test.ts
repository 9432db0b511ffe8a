import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { insertAccount } from '#db/factories.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { apply, everything, inviteBy, makeWorld, outcome, row, rows, type World } from './testing.ts'

let database: TestDatabase
let world: World
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  world = await makeWorld(database.db)
})

const membership = (accountId: string) =>
  row(
    database.db,
    sql`select role, left_at is null as live, display_name from session_members
        where session_id = ${world.session_id} and account_id = ${accountId}`,
  )
const memberCount = () =>
  row(database.db, sql`select member_count from sessions where id = ${world.session_id}`)
const uses = () => row(database.db, sql`select uses from invitations where id = ${world.invitation_id}`)
const join = (accountId: string, token = world.token) =>
  apply(database.db, accountId, 'session_members.join', { token })

const ofEditor = () => ({ session_id: world.session_id, account_id: world.editor })

const newInvitation = (by: string) => inviteBy(database.db, by, world.session_id)

test('who joins finds the session in the inbox, with its last message, everything read', async () => {
  await join(world.stranger)
  expect(await membership(world.stranger)).toEqual({ role: 'editor', live: true, display_name: 'Dora' })
  expect(await memberCount()).toEqual({ member_count: 4 })
  const entry = await row(
    database.db,
    sql`select title, last_message_preview, last_message_author, unread_count from inbox_entries
        where account_id = ${world.stranger} and session_id = ${world.session_id}`,
  )
  expect(entry).toEqual({
    title: 'Shared',
    last_message_preview: 'first',
    last_message_author: 'Ben',
    unread_count: 0,
  })
})

test('a link followed twice is used once, and takes no role away', async () => {
  expect(await join(world.owner)).toEqual({ txid: null, awaits: null })
  await join(world.stranger)
  expect(await join(world.stranger)).toEqual({ txid: null, awaits: null })
  expect(await membership(world.owner)).toMatchObject({ role: 'owner' })
  expect(await uses()).toEqual({ uses: 1 })
})

test.each([
  ['expired', sql`expires_at = now() - interval '1 second'`],
  ['revoked', sql`revoked_at = now()`],
  ['used up', sql`uses = max_uses`],
])('an invitation that is %s is not there', async (_, set) => {
  await database.db.transaction(null, (tx) =>
    tx.execute(sql`update invitations set ${set} where id = ${world.invitation_id}`),
  )
  const before = await everything(database.db)
  expect(await outcome(join(world.stranger))).toBe('not_found')
  expect(await everything(database.db)).toEqual(before)
})

test('who left has no access, keeps the name on old messages, and comes back by a new invitation', async () => {
  const { db } = database
  await apply(db, world.editor, 'session_members.leave', { session_id: world.session_id })
  expect(await membership(world.editor)).toMatchObject({ live: false, display_name: 'Ben' })
  const rename = apply(db, world.editor, 'sessions.rename', { id: world.session_id, title: 'Mine' })
  expect(await outcome(rename)).toBe('not_found')
  expect(await memberCount()).toEqual({ member_count: 2 })
  await join(world.editor, await newInvitation(world.owner))
  expect(await membership(world.editor)).toMatchObject({ role: 'editor', live: true })
  expect(await memberCount()).toEqual({ member_count: 3 })
})

test.each(['leave', 'remove'] as const)('after %s, links from before let nobody back in', async (how) => {
  const { db } = database
  const { session_id, owner, editor } = world
  if (how === 'leave') await apply(db, editor, 'session_members.leave', { session_id })
  else await apply(db, owner, 'session_members.remove', { session_id, account_id: editor })
  const before = await everything(db)
  expect(await outcome(join(editor))).toBe('not_found')
  expect(await everything(db)).toEqual(before)
  expect(await outcome(join(world.stranger))).toBe('applied')
  expect(await outcome(join(editor, await newInvitation(owner)))).toBe('applied')
})

test.each([
  ['is removed', () => apply(database.db, world.owner, 'session_members.remove', ofEditor())],
  [
    'leaves',
    () => apply(database.db, world.editor, 'session_members.leave', { session_id: world.session_id }),
  ],
  [
    'is owner no more',
    () => apply(database.db, world.owner, 'session_members.changeRole', { ...ofEditor(), role: 'editor' }),
  ],
  [
    'hands over',
    () =>
      apply(database.db, world.editor, 'session_members.handOver', {
        session_id: world.session_id,
        account_id: world.viewer,
      }),
  ],
])('the invitations of an owner end when she %s, and no others', async (_, end) => {
  const { db } = database
  await apply(db, world.owner, 'session_members.changeRole', { ...ofEditor(), role: 'owner' })
  const hers = await newInvitation(world.editor)
  await end()
  expect(await outcome(join(world.stranger, hers))).toBe('not_found')
  expect(await outcome(join(world.stranger))).toBe('applied')
})

test('the last owner can neither leave, nor be demoted or removed; with a second one she can', async () => {
  const { db } = database
  const { session_id, owner, editor } = world
  const demote = () =>
    outcome(apply(db, owner, 'session_members.changeRole', { session_id, account_id: owner, role: 'viewer' }))
  const before = await everything(db)
  expect(await outcome(apply(db, owner, 'session_members.leave', { session_id }))).toBe('conflict')
  const remove = apply(db, owner, 'session_members.remove', { session_id, account_id: owner })
  expect(await outcome(remove)).toBe('conflict')
  expect(await demote()).toBe('conflict')
  expect(await everything(db)).toEqual(before)
  await apply(db, owner, 'session_members.changeRole', { session_id, account_id: editor, role: 'owner' })
  expect(await demote()).toBe('applied')
  const log = sql`select owner_account_id from sessions where id = ${session_id}`
  expect(await row(db, log)).toEqual({ owner_account_id: editor })
})

test('handing over makes the other the owner and the caller an editor', async () => {
  const { db } = database
  const { session_id, owner, viewer } = world
  const toSelf = apply(db, owner, 'session_members.handOver', { session_id, account_id: owner })
  expect(await outcome(toSelf)).toBe('invalid')
  await apply(db, owner, 'session_members.handOver', { session_id, account_id: viewer })
  expect(await membership(owner)).toMatchObject({ role: 'editor' })
  expect(await membership(viewer)).toMatchObject({ role: 'owner' })
  const log = sql`select owner_account_id from sessions where id = ${session_id}`
  expect(await row(db, log)).toEqual({ owner_account_id: viewer })
})

test('a session cannot pass to somebody who has a session of the same log', async () => {
  const { db } = database
  const { session_id, owner, editor } = world
  const log = (id: string) => sql`update sessions set agent = 'codex', native_id = 'the-log' where id = ${id}`
  const copy = uuidv7()
  await apply(db, editor, 'sessions.create', { id: copy, title: 'The same log' })
  await db.transaction(null, async (tx) => {
    await tx.execute(log(session_id))
    await tx.execute(log(copy))
  })
  const before = await everything(db)
  const handOver = apply(db, owner, 'session_members.handOver', { session_id, account_id: editor })
  expect(await outcome(handOver)).toBe('conflict')
  expect(await everything(db)).toEqual(before)
})

test('two owners who leave at once leave one of them behind', async () => {
  const { db } = database
  for (let round = 0; round < 5; round++) {
    const { session_id, owner, editor } = await makeWorld(db)
    await apply(db, owner, 'session_members.changeRole', { session_id, account_id: editor, role: 'owner' })
    const left = await Promise.all(
      [owner, editor].map((who) => outcome(apply(db, who, 'session_members.leave', { session_id }))),
    )
    expect(left.sort()).toEqual(['applied', 'conflict'])
  }
})

test('of twenty who follow a link with three uses left at once, three are in', async () => {
  const { db } = database
  const people = await db.transaction(null, (tx) =>
    Promise.all(Array.from({ length: 20 }, (_, i) => insertAccount(tx, { name: `Guest ${i}` }))),
  )
  const joined = await Promise.all(people.value.map((person) => outcome(join(person))))
  expect(joined.filter((result) => result === 'applied')).toHaveLength(3)
  expect(joined.filter((result) => result === 'not_found')).toHaveLength(17)
  expect(await memberCount()).toEqual({ member_count: 6 })
  expect(await uses()).toEqual({ uses: 3 })
})

test('a session takes 200 people, and no more', async () => {
  const { db } = database
  await db.transaction(null, async (tx) => {
    await tx.execute(sql`
      with people as (
        insert into accounts (id, display_name, kind)
        select gen_random_uuid(), 'Guest ' || n, 'guest' from generate_series(1, 196) n returning id, display_name)
      insert into session_members (session_id, account_id, display_name, role)
      select ${world.session_id}, id, display_name, 'viewer' from people`)
    await tx.execute(sql`update sessions set member_count = 199 where id = ${world.session_id}`)
  })
  const late = await db.transaction(null, (tx) => insertAccount(tx, { name: 'Late' }))
  expect(await outcome(join(world.stranger))).toBe('applied')
  expect(await outcome(join(late.value))).toBe('conflict')
  expect(await memberCount()).toEqual({ member_count: 200 })
})

test('whoever is removed while her message waits for the lock does not get it in', async () => {
  const { db } = database
  for (let round = 0; round < 20; round++) {
    const { session_id, thread_id, owner, editor } = await makeWorld(db)
    const id = uuidv7()
    const [sent] = await Promise.all([
      outcome(apply(db, editor, 'chat_messages.send', { id, session_id, thread_id, content: 'late' })),
      apply(db, owner, 'session_members.remove', { session_id, account_id: editor }),
    ])
    const [found] = await rows<{ in_time: boolean }>(
      db,
      sql`select m.created_at <= s.left_at as in_time from chat_messages m join session_members s
          on s.session_id = m.session_id and s.account_id = m.author_account_id where m.id = ${id}`,
    )
    expect({ sent, in_time: found?.in_time }).toEqual(
      sent === 'applied' ? { sent: 'applied', in_time: true } : { sent: 'not_found', in_time: undefined },
    )
  }
})

test('a new name shows where the person takes part, not where she was removed', async () => {
  const { db } = database
  const other = await makeWorld(db)
  await apply(db, world.editor, 'session_members.join', { token: other.token })
  await apply(db, other.owner, 'session_members.remove', {
    session_id: other.session_id,
    account_id: world.editor,
  })
  await apply(db, world.editor, 'accounts.rename', { display_name: 'Benedict' })
  expect(await membership(world.editor)).toMatchObject({ display_name: 'Benedict' })
  const [removed] = await rows(
    db,
    sql`select display_name from session_members where session_id = ${other.session_id} and account_id = ${world.editor}`,
  )
  expect(removed).toEqual({ display_name: 'Ben' })
})
