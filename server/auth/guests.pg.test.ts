import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '#db/client.ts'
import { freePort } from '#db/embedded.ts'
import { LOCAL_ACCOUNT_ID } from '#db/local-account.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { type Answer, apply, createBrowser, invite } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const browser = () => createBrowser(database.db)
const localBrowser = () => createBrowser(database.db, { AUTH_MODE: 'local' })
const invitation = (options?: { max_uses: number }) => invite(database.db, browser().auth, options)

async function rows<T>(query: ReturnType<typeof sql>): Promise<T[]> {
  const { value } = await database.db.transaction(null, (tx) => tx.execute(query))
  return [...value] as T[]
}

const everybody = () =>
  rows(sql`select (select count(*) from accounts)::int as accounts, (select count(*) from auth.users)::int as users,
           (select count(*) from auth.logins)::int as logins`)

const memberOf = (session_id: string, account_id: string) =>
  rows(sql`select display_name, role, left_at from session_members
           where session_id = ${session_id} and account_id = ${account_id}`)

const outcome = ({ status, body }: Answer) => [status, body.error?.code]

describe('an invitation', () => {
  test('brings a person in as a guest with a name, an account and a login', async () => {
    const { token, session_id } = await invitation()
    const guest = browser()
    const { status, body, cookies } = await guest.accept(token, '  Gwen ')
    expect(status).toBe(200)
    expect(body).toEqual({
      account_id: body.account_id,
      session_id,
      txid: expect.any(Number),
      awaits: 'inbox_entries',
    })
    expect(cookies[0]).toMatch(/^throughline-3000=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/)
    expect(await guest.callerId()).toBe(body.account_id)
    expect(await memberOf(session_id, body.account_id)).toEqual([
      { display_name: 'Gwen', role: 'editor', left_at: null },
    ])
    const { body: me } = await guest.send('GET', '/api/auth/whoami')
    expect(me.account).toEqual({ id: body.account_id, display_name: 'Gwen', kind: 'guest' })
  })

  test.each([
    ['is unknown', null],
    ['expired', sql`expires_at = now() - interval '1 second'`],
    ['was revoked', sql`revoked_at = now()`],
    ['was used up', sql`uses = max_uses`],
  ])('that %s makes no guest', async (_, change) => {
    const { token, invitation_id } = await invitation()
    if (change) await rows(sql`update invitations set ${change} where id = ${invitation_id}`)
    const before = await everybody()
    const stranger = browser()
    const answer = await stranger.accept(change ? token : randomBytes(32).toString('base64url'), 'Stranger')
    expect(outcome(answer)).toEqual([404, 'not_found'])
    expect([answer.cookies, stranger.jar.size]).toEqual([[], 0])
    expect(await everybody()).toEqual(before)
  })

  test.each([
    ['no name', { display_name: ' ' }],
    ['a name that is too long', { display_name: 'x'.repeat(101) }],
    ['no token', { token: 'short' }],
    ['an account of the sender’s choice', { account_id: LOCAL_ACCOUNT_ID }],
  ])('with %s is refused', async (_, wrong) => {
    const { token } = await invitation()
    const before = await everybody()
    const body = { token, display_name: 'Gwen', ...wrong }
    expect(outcome(await browser().send('POST', '/api/auth/accept-invitation', body))).toEqual([
      400,
      'invalid',
    ])
    expect(await everybody()).toEqual(before)
  })

  test('for one, accepted by many at the same moment, makes one guest and leaves nothing of the others', async () => {
    const { token, session_id } = await invitation()
    const before = await rows<{ accounts: number }>(sql`select count(*)::int as accounts from accounts`)
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) => browser().accept(token, `Guest ${i}`)),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404, 404])
    const after = await rows<{ accounts: number }>(sql`select count(*)::int as accounts from accounts`)
    expect(Number(after[0]?.accounts)).toBe(Number(before[0]?.accounts) + 1)
    expect(
      await rows(sql`select account_id from session_members where session_id = ${session_id}`),
    ).toHaveLength(2)
  })

  test('joins whoever is signed in as herself', async () => {
    const { token, session_id } = await invitation()
    const nora = browser()
    const account = { email: 'nora@example.com', display_name: 'Nora', password: 'a long enough one' }
    const { accountId } = await nora.auth.createAccount(account)
    await nora.signIn(account.email, account.password)
    const before = await everybody()
    const { body, cookies } = await nora.accept(token, 'Somebody else')
    expect([body.account_id, cookies]).toEqual([accountId, []])
    expect(await everybody()).toEqual(before)
    expect(await memberOf(session_id, accountId)).toMatchObject([{ display_name: 'Nora' }])
  })

  test('accepted twice by the same guest changes nothing the second time', async () => {
    const { token } = await invitation()
    const guest = browser()
    const first = await guest.accept(token, 'Gwen')
    const second = await guest.accept(token, 'Gwen')
    expect([second.status, second.body.account_id, second.body.txid]).toEqual([
      200,
      first.body.account_id,
      null,
    ])
  })
})

describe('an invitation whose answer was lost', () => {
  const uses = (token_hash: string) =>
    rows(sql`select uses from invitations where token_hash = ${token_hash}`)
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

  test('lets the same guest in again by the same id, with a new login, as one use', async () => {
    const { token } = await invitation()
    const id = uuidv7()
    const lost = await browser().accept(token, 'Gwen', id)
    const guest = browser()
    const again = await guest.accept(token, 'Gwen', id)
    expect([again.status, again.body]).toEqual([200, lost.body])
    expect(await guest.callerId()).toBe(lost.body.account_id)
    expect(again.cookies[0]).not.toBe(lost.cookies[0])
    expect(await uses(sha256(token))).toEqual([{ uses: 1 }])
  })

  test('makes one guest of requests that overtake each other', async () => {
    const { token } = await invitation({ max_uses: 5 })
    const id = uuidv7()
    const answers = await Promise.all(Array.from({ length: 4 }, () => browser().accept(token, 'Gwen', id)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.account_id)).size).toBe(1)
    expect(await uses(sha256(token))).toEqual([{ uses: 1 }])
  })

  test.each([
    ['another id', async ({ token }: Lost) => browser().accept(token, 'Eve', uuidv7())],
    [
      'the guest’s account id',
      async ({ token, account_id }: Lost) => browser().accept(token, 'Eve', account_id),
    ],
    [
      'another invitation to the same session',
      async ({ id, session_id, owner }: Lost) => {
        const token = randomBytes(32).toString('base64url')
        const limits = { role: 'editor', expires_in_days: 1, max_uses: 1 } as const
        const other = { id: uuidv7(), session_id, token_hash: sha256(token), ...limits }
        await apply(database.db, owner, 'invitations.create', other)
        return browser().accept(token, 'Eve', id)
      },
    ],
  ])('makes nobody that guest by %s', async (_, attempt) => {
    const { token, session_id, owner } = await invitation({ max_uses: 5 })
    const id = uuidv7()
    const { body } = await browser().accept(token, 'Gwen', id)
    const { account_id } = body
    const eve = await attempt({ token, id, account_id, session_id, owner: owner.accountId })
    expect(eve.status).toBe(200)
    expect(eve.body.account_id).not.toBe(account_id)
  })

  test.each([
    ['expired', sql`update invitations set expires_at = now() - interval '1 second'`],
    ['was revoked', sql`update invitations set revoked_at = now()`],
    ['is of a session that she left', sql`update session_members set left_at = clock_timestamp()`],
  ])('lets nobody in again once it %s', async (_, end) => {
    const { token } = await invitation()
    const id = uuidv7()
    await browser().accept(token, 'Gwen', id)
    await rows(end)
    const before = await everybody()
    expect(outcome(await browser().accept(token, 'Gwen', id))).toEqual([404, 'not_found'])
    expect(await everybody()).toEqual(before)
  })
})

interface Lost {
  token: string
  id: string
  account_id: string
  session_id: string
  owner: string
}

test('who is signed in is told to try again while the database is away', async () => {
  const away = connect(`postgres://nobody:nothing@127.0.0.1:${await freePort()}/nowhere`)
  const { token } = await invitation()
  const guest = browser()
  await guest.accept(token, 'Gwen')
  const { auth } = createBrowser(away, { AUTH_SECRET: guest.env.AUTH_SECRET })
  await expect(auth.callerOf(guest.request('/'))).rejects.toMatchObject({ code: 'unavailable' })
  await away.close()
})

test.each(['constructor', 'toString', '__proto__'])(
  'a field named %s is refused like any other',
  async (name) => {
    for (const endpoint of ['sign-in', 'accept-invitation']) {
      const { status, body } = await browser().sendText(`/api/auth/${endpoint}`, `{"${name}": 1}`)
      expect([status, body.error.code]).toEqual([400, 'invalid'])
      expect(Object.keys(body.error.fields)).toContain(name)
    }
  },
)

describe('a guest', () => {
  test('who left the session is still the same guest, and a member no more', async () => {
    const { token, session_id } = await invitation()
    const guest = browser()
    const { body } = await guest.accept(token, 'Gwen')
    await apply(database.db, body.account_id, 'session_members.leave', { session_id })
    expect(await guest.callerId()).toBe(body.account_id)
    expect(await memberOf(session_id, body.account_id)).toEqual([
      { display_name: 'Gwen', role: 'editor', left_at: expect.anything() },
    ])
  })

  test('who signs in is that account from then on, and the guest remains what it was', async () => {
    const { token, session_id } = await invitation()
    const guest = browser()
    const { body } = await guest.accept(token, 'Gwen')
    const account = { email: 'gwen@example.com', display_name: 'Gwen', password: 'a long enough one' }
    const { accountId } = await guest.auth.createAccount(account)
    await guest.signIn(account.email, account.password)
    expect(await guest.callerId()).toBe(accountId)
    expect(await memberOf(session_id, body.account_id)).toMatchObject([{ left_at: null }])
  })

  test('cannot sign in with a password, because it has none', async () => {
    const { token } = await invitation()
    const guest = browser()
    const { body } = await guest.accept(token, 'Gwen')
    const [user] = await rows<{ email: string }>(
      sql`select email from auth.users where account_id = ${body.account_id}`,
    )
    expect(outcome(await browser().signIn(String(user?.email), 'a long enough one'))).toEqual([
      401,
      'unauthenticated',
    ])
  })

  test('has exactly one account, as has everybody who signs in', async () => {
    const kinds =
      await rows(sql`select distinct u.is_anonymous, a.kind, count(*) over (partition by u.account_id)::int as users
      from auth.users u left join accounts a on a.id = u.account_id order by 1`)
    expect(kinds).toEqual([
      { is_anonymous: false, kind: 'full', users: 1 },
      { is_anonymous: true, kind: 'guest', users: 1 },
    ])
  })
})

describe('in local mode', () => {
  test('a browser without a login is the local account', async () => {
    const local = localBrowser()
    expect(await local.callerId()).toBe(LOCAL_ACCOUNT_ID)
    const { status, body } = await local.send('GET', '/api/auth/whoami')
    expect([status, body.mode, body.account.id, body.account.kind]).toEqual([
      200,
      'local',
      LOCAL_ACCOUNT_ID,
      'local',
    ])
  })

  test('a browser that accepted an invitation is that guest until it signs out; beside it the first stays who it was', async () => {
    const { token } = await invitation()
    const [first, second] = [localBrowser(), localBrowser()]
    const { body } = await second.accept(token, 'Gwen')
    expect(await second.callerId()).toBe(body.account_id)
    expect(await first.callerId()).toBe(LOCAL_ACCOUNT_ID)
    await second.signOut()
    expect(await second.callerId()).toBe(LOCAL_ACCOUNT_ID)
  })

  test('two browsers that accept the same invitation are two guests', async () => {
    const { token } = await invitation({ max_uses: 2 })
    const [one, two] = [await localBrowser().accept(token, 'One'), await localBrowser().accept(token, 'Two')]
    expect(new Set([one.body.account_id, two.body.account_id, LOCAL_ACCOUNT_ID]).size).toBe(3)
  })

  test('a forged guest cookie makes nobody a guest', async () => {
    const local = localBrowser()
    local.jar.set('throughline-3000', 'made.up')
    expect(await local.callerId()).toBe(LOCAL_ACCOUNT_ID)
  })

  test('nobody can sign in, and a login of the other mode counts for nothing', async () => {
    const account = { email: 'both@example.com', display_name: 'Both', password: 'a long enough one' }
    const hosted = browser()
    await hosted.auth.createAccount(account)
    await hosted.signIn(account.email, account.password)
    const local = localBrowser()
    for (const [name, value] of hosted.jar) local.jar.set(name, value)
    expect(await local.callerId()).toBe(LOCAL_ACCOUNT_ID)
    expect(outcome(await local.signIn(account.email, account.password))).toEqual([404, 'not_found'])
  })
})
