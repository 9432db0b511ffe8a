import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openWire } from '#app/sync/testing.ts'
import { apply, makeWorld, row, type World } from '#server/mutations/testing.ts'
import { loadSigningKey } from './signing-key.ts'
import { newSigningKey, startStack, type TestApp } from './testing.ts'
import { openTrust } from './trust.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let world: World
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack()
  world = await makeWorld(stack.db)
})
afterAll(() => stack.stop())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function tokenFor(app: TestApp, accountId: string, session_id?: string): Promise<string> {
  const request = new Request('http://localhost/api/shape-tokens', {
    method: 'POST',
    headers: { 'x-account': accountId },
    body: JSON.stringify({ session_id }),
  })
  const { token }: { token: string } = await (await app.answer(request)).json()
  return token
}

async function status(app: TestApp, token: string, path: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  const response = await app.answer(new Request(`http://localhost/api/shapes/${path}`, { headers }))
  await response.body?.cancel()
  return response.status
}

/** An app whose way to Postgres can be cut. */
async function startWiredApp() {
  const direct = new URL(stack.appUrl)
  const wire = await openWire(`http://${direct.host}`)
  const app = await stack.startApp({ databaseUrl: stack.appUrl.replace(direct.host, new URL(wire.url).host) })
  closing.push(() => wire.close())
  return { app, wire }
}

describe('an app that cannot see Postgres', () => {
  it('serves no session until it can be sure again who was removed meanwhile', async () => {
    const { app, wire } = await startWiredApp()
    const path = `chat_messages?offset=-1&session_id=${world.session_id}`
    const viewer = await tokenFor(app, world.viewer, world.session_id)
    const editor = await tokenFor(app, world.editor, world.session_id)
    const account = await tokenFor(app, world.editor)
    expect(await status(app, viewer, path)).toBe(200)
    wire.cut()
    await apply(stack.db, world.owner, 'session_members.remove', {
      session_id: world.session_id,
      account_id: world.viewer,
    })
    await expect.poll(() => status(app, viewer, path), { timeout: 20_000, interval: 200 }).toBe(503)
    // Nobody can be removed from an account: its own rows need no such certainty.
    expect(await status(app, account, 'inbox_entries?offset=-1')).toBe(200)
    wire.mend()
    await expect.poll(() => status(app, editor, path), { timeout: 20_000, interval: 200 }).toBe(200)
    expect(await status(app, viewer, path)).toBe(401)
  })
})

describe('a lost notification channel', () => {
  it('is opened again by itself', async () => {
    const app = await stack.startApp()
    const editor = await tokenFor(app, world.editor, world.session_id)
    expect(await status(app, editor, `chat_messages?offset=-1&session_id=${world.session_id}`)).toBe(200)
    const listeners = async () =>
      row<{ pids: number[] | null }>(
        stack.db,
        sql`select array_agg(pid order by pid) as pids from pg_stat_activity
            where datname = current_database() and query ilike 'listen%access_ended%'`,
      )
    const { pids: before } = await listeners()
    expect(before?.length).toBeGreaterThan(0)
    await row(
      stack.db,
      sql`select pg_terminate_backend(pid) from unnest(${sql.raw(`'{${before}}'::int[]`)}) pid`,
    )
    await expect
      .poll(async () => (await listeners()).pids?.filter((pid) => !before?.includes(pid)).length)
      .toBe(before?.length)
  })
})

describe('a signing key', () => {
  it('stays registered for as long as its process lives', async () => {
    const app = await stack.startApp({ ownKey: true })
    const path = `chat_messages?offset=-1&session_id=${world.session_id}`
    const editor = await tokenFor(app, world.editor, world.session_id)
    expect(await status(app, editor, path)).toBe(200)
    const { kid } = await loadSigningKey(app.key)
    const daysLeft = async () =>
      row<{ days: number }>(
        stack.db,
        sql`select extract(epoch from expires_at - now())::float8 / 86400 as days
            from signing_keys where kid = ${kid}`,
      ).then(({ days }) => days)
    for (const days of [14, 0]) {
      const expires_at = sql`now() + make_interval(days => ${days})`
      await row(
        stack.db,
        sql`update signing_keys set expires_at = ${expires_at} where kid = ${kid} returning kid`,
      )
      await expect.poll(daysLeft, { timeout: 20_000, interval: 200 }).toBeGreaterThan(29)
      await expect.poll(() => status(app, editor, path), { timeout: 20_000, interval: 200 }).toBe(200)
    }
  })
})

describe('a flood of unknown keys', () => {
  it('makes no flood of questions to Postgres', async () => {
    let asked = 0
    const db: typeof stack.db = {
      ...stack.db,
      transaction: (accountId, work) => {
        asked++
        return stack.db.transaction(accountId, work)
      },
    }
    const { log } = (await stack.startApp()).ctx
    const trust = await openTrust({ db, log }, await loadSigningKey(await newSigningKey()))
    closing.push(() => trust.close())
    const before = asked
    for (let n = 0; n < 2000; n++) expect(await trust.key(String(n).padStart(43, 'k'))).toBeUndefined()
    // One for the flood, and whatever the regular look adds while it lasts.
    expect(asked - before).toBeLessThan(5)
  })
})
