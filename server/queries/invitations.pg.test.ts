import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { apply, makeWorld, outcome, sha256, type World } from '../mutations/testing.ts'
import { listInvitations } from './invitations.ts'

let database: TestDatabase
let world: World
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  world = await makeWorld(database.db)
})

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
