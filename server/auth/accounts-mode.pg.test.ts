import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCOUNT_HEADER } from '#db/inputs/account-header.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { AppError } from '../errors.ts'
import { createLibrary } from './library.ts'
import { createBrowser, testEnv } from './testing.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.close())

const password = 'correct horse battery'
let people = 0

/** A browser and a new account that nobody has signed in to yet. */
async function newcomer(env?: Parameters<typeof createBrowser>[1]) {
  const browser = createBrowser(database.db, env)
  const email = `person${++people}@example.com`
  const { accountId } = await browser.auth.createAccount({ email, display_name: 'Nora', password })
  return { browser, email, accountId }
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing',
    (error: unknown) => (error instanceof AppError ? error.code : error),
  )

async function rows<T>(query: ReturnType<typeof sql>): Promise<T[]> {
  const { value } = await database.db.transaction(null, (tx) => tx.execute(query))
  return [...value] as T[]
}

const logins = async () => (await rows(sql`select id from auth.logins`)).length

describe('signing in', () => {
  test('makes the browser its account until it signs out', async () => {
    const { browser, email, accountId } = await newcomer()
    expect(await code(browser.callerId())).toBe('unauthenticated')
    const answer = await browser.signIn(email, password)
    expect([answer.status, answer.body]).toEqual([200, { account_id: accountId }])
    expect(await browser.callerId()).toBe(accountId)
    await browser.signOut()
    expect(await code(browser.callerId())).toBe('unauthenticated')
  })

  test('does not care how the email is written', async () => {
    const { browser, email, accountId } = await newcomer()
    await browser.signIn(email.toUpperCase(), password)
    expect(await browser.callerId()).toBe(accountId)
  })

  test('sets a cookie that scripts and other sites cannot use', async () => {
    const { browser, email } = await newcomer()
    const { cookies } = await browser.signIn(email, password)
    expect(cookies).toHaveLength(1)
    expect(cookies[0]).toMatch(/^throughline-3000=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  test('over TLS sets a cookie that is bound to TLS and to the host', async () => {
    const { browser, email } = await newcomer({ PUBLIC_URL: 'https://talk.example' })
    const { cookies } = await browser.signIn(email, password)
    expect(cookies[0]).toMatch(
      /^__Host-throughline=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  test('twice at the same moment makes two logins, and ending one leaves the other', async () => {
    const { browser, email, accountId } = await newcomer()
    const other = createBrowser(database.db, browser.env)
    await Promise.all([browser.signIn(email, password), other.signIn(email, password)])
    await browser.signOut()
    expect(await code(browser.callerId())).toBe('unauthenticated')
    expect(await other.callerId()).toBe(accountId)
  })

  test('speaks for the account that a page names, and for no other that the browser is signed in as now', async () => {
    const { browser, email, accountId } = await newcomer()
    await browser.signIn(email, password)
    const from = (account: string) => browser.request('/', { headers: { [ACCOUNT_HEADER]: account } })
    expect(await browser.auth.callerOf(from(accountId))).toEqual({ accountId })
    const { accountId: another } = await newcomer()
    expect(await code(browser.auth.callerOf(from(another)))).toBe('unauthenticated')
  })

  test('answers an unknown email, a wrong password and an impossible one alike', async () => {
    const { browser, email } = await newcomer()
    const wrong = await browser.signIn(email, 'not the password')
    expect(wrong.status).toBe(401)
    expect(wrong.body.error.code).toBe('unauthenticated')
    expect(await browser.signIn('nobody@example.com', password)).toEqual(wrong)
    expect(await browser.signIn(email, 'x'.repeat(500))).toEqual(wrong)
    expect(await code(browser.callerId())).toBe('unauthenticated')
  })

  test.each([
    ['no password', { email: 'a@example.com' }],
    ['no email', { email: 'somebody', password }],
    ['a field of its own', { email: 'a@example.com', password, account_id: 'x' }],
    ['a list', []],
  ])('refuses %s and says which field is wrong', async (_, body) => {
    const browser = createBrowser(database.db)
    const answer = await browser.send('POST', '/api/auth/sign-in', body)
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid'])
    expect(Object.keys(answer.body.error.fields)).toHaveLength(1)
  })

  test('refuses a body that is no JSON, that says it is none, or that is too large', async () => {
    const { auth, request } = createBrowser(database.db)
    const post = (body: string, type = 'application/json') =>
      code(
        auth.handler(
          request('/api/auth/sign-in', { method: 'POST', body, headers: { 'content-type': type } }),
        ),
      )
    expect(await post('{')).toBe('invalid')
    expect(await post('{"email":"a@example.com","password":"b"}', 'text/plain')).toBe('invalid')
    expect(await post(JSON.stringify({ email: 'x'.repeat(100_000) }))).toBe('too_large')
  })
})

describe('a login', () => {
  test('that ended is gone from Postgres: its cookie is worth nothing, wherever it was copied', async () => {
    const { browser, email } = await newcomer()
    await browser.signIn(email, password)
    const copied = new Map(browser.jar)
    const before = await logins()
    const answer = await browser.signOut()
    expect(answer.status).toBe(200)
    expect(await logins()).toBe(before - 1)
    for (const [name, value] of copied) browser.jar.set(name, value)
    expect(await code(browser.callerId())).toBe('unauthenticated')
  })

  test('can be ended when there is none', async () => {
    expect((await createBrowser(database.db).signOut()).status).toBe(200)
  })

  test('that expired is no login', async () => {
    const { browser, email, accountId } = await newcomer()
    await browser.signIn(email, password)
    await rows(sql`update auth.logins set expires_at = now() - interval '1 second'
                   where user_id in (select id from auth.users where account_id = ${accountId})`)
    expect(await code(browser.callerId())).toBe('unauthenticated')
  })

  test('cannot be forged', async () => {
    const { browser, email } = await newcomer()
    await browser.signIn(email, password)
    const [[name, value]] = [...browser.jar] as [[string, string]]
    const [token, signature] = decodeURIComponent(value).split('.') as [string, string]
    const elsewhere = createBrowser(database.db, { AUTH_SECRET: 'another secret of more than 32 characters' })
    const forgeries = [
      '',
      token,
      `${token}.`,
      `.${signature}`,
      `${token}.${signature.toLowerCase()}`,
      `x${token}.${signature}`,
    ]
    for (const forged of forgeries) {
      browser.jar.set(name, encodeURIComponent(forged))
      expect(await code(browser.callerId()), forged).toBe('unauthenticated')
    }
    elsewhere.jar.set(name, value)
    expect(await code(elsewhere.callerId())).toBe('unauthenticated')
  })

  test('ends with its account', async () => {
    const { browser, email, accountId } = await newcomer()
    await browser.signIn(email, password)
    await rows(sql`delete from accounts where id = ${accountId}`)
    expect(await code(browser.callerId())).toBe('unauthenticated')
  })

  test('lives on while pages ask who is signed in, and asking for a caller writes nothing', async () => {
    const { browser, email, accountId } = await newcomer()
    await browser.signIn(email, password)
    const age = sql`update auth.logins set expires_at = expires_at - interval '20 days'
                    where user_id in (select id from auth.users where account_id = ${accountId})`
    const left = sql`select extract(day from expires_at - now())::int as days from auth.logins
                     where user_id in (select id from auth.users where account_id = ${accountId})`
    await rows(age)
    await browser.callerId()
    expect(await rows(left)).toEqual([{ days: 9 }])
    const { body, cookies } = await browser.send('GET', '/api/auth/whoami')
    expect(body).toEqual({ mode: 'accounts', account: { id: accountId, display_name: 'Nora', kind: 'full' } })
    expect(cookies[0]).toContain('Max-Age=2592000')
    expect(await rows(left)).toEqual([{ days: 29 }])
  })
})

describe('trying to sign in', () => {
  test('is refused after ten wrong passwords from one place, even with the right one, and elsewhere it is not', async () => {
    const { browser, email, accountId } = await newcomer()
    for (let i = 0; i < 10; i++) expect((await browser.signIn(email, 'not the password')).status).toBe(401)
    const refused = await browser.signIn(email, password)
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limited'])
    expect((await browser.signIn(email, password, '192.0.2.99')).status).toBe(200)
    expect(await browser.callerId()).toBe(accountId)
  })

  test('at the same moment, through several instances, gets no more attempts', async () => {
    const { browser, email } = await newcomer()
    const other = createBrowser(database.db, browser.env)
    const attempts = Array.from({ length: 24 }, (_, i) =>
      (i % 2 ? other : browser).signIn(email, 'not it, no'),
    )
    const statuses = (await Promise.all(attempts)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(14)
  })

  test('counts from nothing again after success, and after fifteen minutes', async () => {
    const { browser, email } = await newcomer()
    const wrong = async (times: number) => {
      for (let i = 0; i < times; i++) await browser.signIn(email, 'not the password')
    }
    await wrong(9)
    expect((await browser.signIn(email, password)).status).toBe(200)
    await wrong(10)
    expect((await browser.signIn(email, password)).status).toBe(429)
    await rows(sql`update auth.verifications set expires_at = expires_at - interval '15 minutes'`)
    expect((await browser.signIn(email, password)).status).toBe(200)
    // What ended is swept away by whoever comes next.
    expect(await rows(sql`select id from auth.verifications where expires_at < now()`)).toEqual([])
  })

  test('keeps no email in the clear', async () => {
    const { browser, email } = await newcomer()
    await browser.signIn(email, 'not the password')
    expect(
      await rows(sql`select id from auth.verifications where identifier || value like ${`%${email}%`}`),
    ).toEqual([])
  })
})

describe('an account', () => {
  test('is made with its user and password in one transaction, or not at all', async () => {
    const { browser, email, accountId } = await newcomer()
    const count = () =>
      rows(sql`select (select count(*) from accounts)::int as accounts,
      (select count(*) from auth.users)::int as users, (select count(*) from auth.credentials)::int as credentials`)
    const before = await count()
    const again = { email: email.toUpperCase(), display_name: 'Another', password }
    expect(await code(browser.auth.createAccount(again))).toBe('conflict')
    expect(await count()).toEqual(before)
    expect(await rows(sql`select kind from accounts where id = ${accountId}`)).toEqual([{ kind: 'full' }])
  })

  test('made twice at the same moment exists once', async () => {
    const { auth } = createBrowser(database.db)
    const twin = { email: 'twin@example.com', display_name: 'Twin', password }
    const codes = await Promise.all([code(auth.createAccount(twin)), code(auth.createAccount(twin))])
    expect(codes.sort()).toEqual(['conflict', 'nothing'])
    expect(await rows(sql`select id from accounts where display_name = 'Twin'`)).toHaveLength(1)
  })

  test.each([
    ['a short password', { password: 'elevenchars' }],
    ['a password that takes long to hash', { password: 'x'.repeat(129) }],
    ['no real email', { email: 'somebody' }],
    ['no name', { display_name: '  ' }],
  ])('is not made with %s', async (_, wrong) => {
    const { auth } = createBrowser(database.db)
    const input = { email: 'new@example.com', display_name: 'New', password, ...wrong }
    expect(await code(auth.createAccount(input))).toBe('invalid')
  })

  test('keeps no password in the clear', async () => {
    const { accountId } = await newcomer()
    const kept = await rows<{ password: string }>(sql`select c.password from auth.credentials c
      join auth.users u on u.id = c.user_id where u.account_id = ${accountId}`)
    expect(kept[0]?.password).toMatch(/^[0-9a-f]{32}:[0-9a-f]{128}$/)
  })

  test('cannot be made over HTTP, and nothing of the sign-in library answers there', async () => {
    const browser = createBrowser(database.db)
    const count = () =>
      rows(sql`select (select count(*) from accounts)::int, (select count(*) from auth.users)::int as users`)
    const before = await count()
    for (const path of libraryPaths()) {
      for (const method of ['GET', 'POST']) {
        const body = { email: 'new@example.com', name: 'New', password, isAnonymous: true }
        const answer = await browser.send(method, `/api/auth${path}`, method === 'POST' ? body : undefined)
        expect([path, method, answer.body.error?.code]).toEqual([path, method, expectedAt(path, method)])
      }
    }
    expect(await count()).toEqual(before)
  })

  test('is exactly one for every user', async () => {
    const strays = await rows(sql`select u.id from auth.users u left join accounts a on a.id = u.account_id
      group by u.id having count(a.id) <> 1`)
    expect(strays).toEqual([])
  })
})

function libraryPaths(): string[] {
  const { api } = createLibrary(database.db, testEnv)
  const paths = Object.values(api).map(({ path }) => path)
  return [...new Set(paths.filter((path) => path !== undefined))]
}

// The one path that ours and the library's share.
function expectedAt(path: string, method: string): string | undefined {
  if (path !== '/sign-out') return 'not_found'
  return method === 'POST' ? undefined : 'method_not_allowed'
}
