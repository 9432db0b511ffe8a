import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrateDatabase } from './migrate.ts'
import { roleUrl } from './roles.ts'
import { startTestServer, type TestServer } from './testing-server.ts'

// A server of its own: roles belong to all of it, and other tests run as them.
let server: TestServer
let superuser: postgres.Sql
beforeAll(async () => {
  server = await startTestServer()
  superuser = postgres(server.url, { max: 1, onnotice: () => {} })
  await superuser.unsafe(`create role second login password 'of second'`)
})
afterAll(async () => {
  await superuser?.end()
  await server?.stop()
})

const first = { app: 'of app', electric: 'of electric' }
beforeEach(async () => {
  await superuser.unsafe(`
    alter role throughline_app login password '${first.app}';
    alter role throughline_electric login password '${first.electric}'`)
  await superuser.unsafe('drop database if exists second')
  await superuser.unsafe('create database second owner second')
})

function secondUrl({ bySuperuser = false } = {}): string {
  const url = new URL(server.url)
  url.pathname = '/second'
  if (!bySuperuser) [url.username, url.password] = ['second', encodeURIComponent('of second')]
  return url.href
}

async function userOf(url: string): Promise<unknown> {
  const sql = postgres(url, { max: 1 })
  try {
    return (await sql`select current_user as name`)[0]?.name
  } finally {
    await sql.end()
  }
}
const appLogsIn = (password: string) => userOf(roleUrl(server.url, 'app', password))

test('another installation on the server does not take the roles from the first', async () => {
  for (const bySuperuser of [true, false]) {
    const refused = migrateDatabase(secondUrl({ bySuperuser }), { ...first, app: 'other' })
    await expect(refused).rejects.toMatchObject({
      name: 'DatabaseNotUsable',
      message: expect.stringMatching(/"throughline_app" has another password.*set DATABASE_APP_PASSWORD/s),
    })
  }
  expect(await appLogsIn(first.app)).toBe('throughline_app')
})

test('it runs with the passwords in use, and its owner need not be allowed to make roles', async () => {
  await migrateDatabase(secondUrl(), first)
  expect(await userOf(roleUrl(secondUrl(), 'app', first.app))).toBe('throughline_app')
})

test('a role that may not log in gets the password wanted: so a changed one is brought in', async () => {
  await superuser.unsafe('alter role throughline_app nologin')
  await migrateDatabase(secondUrl({ bySuperuser: true }), { ...first, app: 'changed' })
  expect(await appLogsIn('changed')).toBe('throughline_app')
  await expect(appLogsIn(first.app)).rejects.toMatchObject({ code: '28P01' })
})

test('an owner who may not give a role its password is told who may, and how', async () => {
  await superuser.unsafe('alter role throughline_electric nologin')
  await expect(migrateDatabase(secondUrl(), first)).rejects.toMatchObject({
    name: 'DatabaseNotUsable',
    message: expect.stringMatching(
      /"second" may not.*"throughline_electric".*As a superuser: ALTER ROLE throughline_electric LOGIN/s,
    ),
  })
})

test('an owner who may not make the roles that are missing is told so', async () => {
  await superuser.unsafe('alter role throughline_app rename to somebody')
  try {
    await expect(migrateDatabase(secondUrl(), first)).rejects.toMatchObject({
      name: 'DatabaseNotUsable',
      message: expect.stringContaining('may not make the roles that Throughline runs as'),
    })
  } finally {
    await superuser.unsafe('alter role somebody rename to throughline_app')
  }
})
