import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { apply, makeWorld, outcome, sha256, type World } from '../mutations/testing.ts'
import { listInvitations } from './invitations.ts'
import { searchMessages } from './search-messages.ts'

let database: TestDatabase
let world: World
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  world = await makeWorld(database.db)
})

async function say(content: string): Promise<string> {
  const id = uuidv7()
  const { session_id, thread_id, editor } = world
  await apply(database.db, editor, 'chat_messages.send', { id, session_id, thread_id, content })
  return id
}
const search = (query: string, accountId = world.viewer, limit = 50) =>
  searchMessages(database.db, { accountId }, { session_id: world.session_id, query, limit })
const list = (accountId: string) => listInvitations(database.db, { accountId }, world.session_id)

test('an owner sees the invitations that still work, without their hashes', async () => {
  const { session_id, owner, invitation_id } = world
  const revoked = uuidv7()
  await apply(database.db, owner, 'invitations.create', {
    id: revoked,
    session_id,
    token_hash: sha256(revoked),
    role: 'viewer',
    expires_in_days: 7,
    max_uses: 2,
  })
  expect((await list(owner)).map(({ id }) => id)).toEqual([invitation_id, revoked])
  await apply(database.db, owner, 'invitations.revoke', { id: revoked })
  const [only, ...others] = await list(owner)
  expect(others).toEqual([])
  expect(only).toMatchObject({ id: invitation_id, role: 'editor', uses: 0, max_uses: 3 })
  expect(only).not.toHaveProperty('token_hash')
  await database.db.transaction(null, (tx) =>
    tx.execute(sql`update invitations set expires_at = now() where id = ${invitation_id}`),
  )
  expect(await list(owner)).toEqual([])
})

test('nobody but an owner sees invitations', async () => {
  expect(await outcome(list(world.editor))).toBe('forbidden')
  expect(await outcome(list(world.stranger))).toBe('not_found')
})

test('search finds text in whatever case, newest first, with what stands around it', async () => {
  const older = await say(`${'before '.repeat(30)}The NEEDLE ${'after '.repeat(60)}`)
  const newer = await say('a needle, and Ünïcode')
  const found = await search('Needle')
  expect(found.map(({ id, position }) => [id, position])).toEqual([
    [newer, 3],
    [older, 2],
  ])
  expect(found[1]?.snippet).toHaveLength(200)
  expect(found[1]?.snippet).toContain('The NEEDLE after')
  expect(found[0]).toMatchObject({ thread_id: world.thread_id, author_account_id: world.editor })
  expect(found[0]?.created_at).toBeInstanceOf(Date)
  expect(await search('ÜNÏCODE')).toHaveLength(1)
  expect(await search('needle', world.viewer, 1)).toHaveLength(1)
})

test('search takes every character for itself', async () => {
  const id = await say("100% of it_works \\ 'quoted' $1")
  for (const text of ['100%', 'it_w', '\\ ', "'quoted'", '$1']) {
    expect((await search(text)).map((message) => message.id)).toEqual([id])
  }
  expect(await search('1_0')).toEqual([])
  expect(await search('10%it')).toEqual([])
})

test('a removed message is not found, nor a message of another session', async () => {
  const id = await say('needle')
  const elsewhere = await makeWorld(database.db)
  const found = await searchMessages(
    database.db,
    { accountId: elsewhere.viewer },
    { session_id: elsewhere.session_id, query: 'needle' },
  )
  expect(found).toEqual([])
  await apply(database.db, world.editor, 'chat_messages.remove', { id })
  expect(await search('needle')).toEqual([])
})

test('a stranger and a member who left cannot search', async () => {
  expect(await outcome(search('first', world.stranger))).toBe('not_found')
  await apply(database.db, world.viewer, 'session_members.leave', { session_id: world.session_id })
  expect(await outcome(search('first'))).toBe('not_found')
})
