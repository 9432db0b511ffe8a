import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureLocalAccount } from '../local-account.ts'
import { type TestDatabase, testDatabase } from '../testing.ts'
import { importViewer } from './run-import.ts'
import { contents, fixture, query, temporaryFolder } from './testing.ts'

const CORRUPTED = fixture('corrupted')
const COMMAND = fileURLToPath(new URL('../../server/import-command.ts', import.meta.url))

let base: TestDatabase
beforeEach(async () => {
  base = await testDatabase()
})
afterEach(() => base.close())

function start(args: string[], env: Record<string, string> = {}): ChildProcess {
  const { PATH } = process.env
  return spawn(process.execPath, [COMMAND, ...args], { env: { PATH, DATABASE_URL: base.ownerUrl, ...env } })
}

async function finished(child: ChildProcess) {
  if (!child.stdout || !child.stderr) throw new TypeError('started without pipes')
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { stdout, stderr, code }
}

const run = (...args: string[]) => finished(start(args))
const lastLine = (stdout: string): unknown => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')

describe('the command', () => {
  test('prints what became of the records, and with --json one object', async () => {
    const first = await run('viewer', CORRUPTED)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain('chat-messages.json       23 records')
    expect(first.stdout).toMatch(/all +36 +24 +0 +0 +0 +4 +8\n/)
    expect(first.stdout).toContain('chat_n_nul: content holds U+0000, which Postgres cannot store')
    const second = await run('viewer', CORRUPTED, '--json')
    const counted = { read: 36, created: 0, updated: 0, unchanged: 24, kept: 0, merged: 4, quarantined: 8 }
    expect(lastLine(second.stdout)).toMatchObject(counted)
  })

  test('--owner names the account that gets the sessions', async () => {
    const account = '01890000-0000-7000-8000-0000000000bb'
    await base.db.transaction(null, async (tx) => {
      await tx.execute(sql`insert into accounts (id, display_name, kind) values (${account}, 'Ada', 'full')`)
      await tx.execute(
        sql`insert into auth.users (id, account_id, name, email) values ('u', ${account}, 'Ada', 'ada@example.com')`,
      )
    })
    expect(await run('viewer', CORRUPTED, '--owner', 'Ada@example.com')).toMatchObject({ code: 0 })
    const owners = await query(base.db, sql`select distinct owner_account_id from sessions`)
    expect(owners).toEqual([{ owner_account_id: account }])
    const unnamed = await run('viewer', CORRUPTED)
    expect(unnamed).toMatchObject({ code: 1, stdout: '' })
    expect(unnamed.stderr).toContain('Add --owner <email>')
  })

  test('where people sign in, an import without --owner is refused, also when there is a local account', async () => {
    await ensureLocalAccount(base.db)
    const before = await contents(base.db)
    const ended = await finished(start(['viewer', CORRUPTED], { AUTH_MODE: 'accounts' }))
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain('Nothing was written. Add --owner <email>')
    expect(await contents(base.db)).toEqual(before)
  })

  test.each([
    [['viewer', '/nowhere/at/all'], 1, 'There is no folder /nowhere/at/all.'],
    [['viewer', fixture('')], 1, 'holds none of chat-messages.json'],
    [
      ['viewer', CORRUPTED, '--owner', 'nobody@example.com'],
      1,
      'No account signs in with nobody@example.com',
    ],
    [['viewer'], 2, "missing required argument 'folder'"],
    [['elsewhere', CORRUPTED], 2, "unknown command 'elsewhere'"],
    [[], 2, 'Usage: import'],
  ])('import %j ends with %i and says why, without a stack trace', async (args, code, why) => {
    const before = await contents(base.db)
    const ended = await run(...args)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toContain(why)
    expect(ended.stderr).not.toContain('    at ')
    expect(await contents(base.db)).toEqual(before)
  })

  test('a database that cannot be reached is named', async () => {
    const elsewhere = new URL(base.ownerUrl)
    elsewhere.port = '1'
    const ended = await finished(start(['viewer', CORRUPTED], { DATABASE_URL: elsewhere.href }))
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PostgreSQL is not reachable at'),
    })
  })

  test('the files are only read', async () => {
    const before = await filesOf(CORRUPTED)
    await run('viewer', CORRUPTED)
    expect(await filesOf(CORRUPTED)).toEqual(before)
  })
})

describe('stopped', () => {
  test.each([
    ['[{"id":"a"', 'line 1, column 11: it ends in the middle of record 1'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n', 'it is a Git LFS pointer'],
    ['{"id":"a"}', 'it is not a list of records'],
  ])('by the broken file %j: nothing is written, be the others fine', async (broken, why) => {
    await using place = await temporaryFolder({ threads: [{ id: 't', sessionId: 's' }], toolEvents: broken })
    const before = await contents(base.db)
    const ended = await run('viewer', place.folder)
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(why) })
    expect(ended.stderr).toContain('chat-tool-events.json: ')
    expect(await contents(base.db)).toEqual(before)
  })

  test('by kill -9 in the middle: nothing of it is there, and the next run brings all in', async () => {
    await using blocked = await blockedAtInbox(base.ownerUrl)
    const child = start(['viewer', CORRUPTED])
    await blocked.importWaits()
    child.kill('SIGKILL')
    await once(child, 'close')
    await blocked.release()
    const { run: complete } = await importViewer({ db: base.db, folder: CORRUPTED })
    expect(complete).toMatchObject({ read: 36, created: 24, unchanged: 0 })
    expect(await query(base.db, sql`select from import_runs`)).toHaveLength(1)
  })

  test('by a connection that ends in the middle: the command fails, and nothing of it is there', async () => {
    await ensureLocalAccount(base.db)
    const before = await contents(base.db)
    await using blocked = await blockedAtInbox(base.ownerUrl)
    const ended = run('viewer', CORRUPTED)
    await blocked.terminateImport()
    expect(await ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('nothing was written'),
    })
    await blocked.release()
    expect(await contents(base.db)).toEqual(before)
  })

  test('by a connection that ends at COMMIT: it says that it does not know', async () => {
    await using blocked = await blockedAtCommit(base.ownerUrl)
    const ended = run('viewer', CORRUPTED)
    await blocked.terminateImport()
    const { code, stderr } = await ended
    expect(code).toBe(1)
    expect(stderr).toContain('It is not known whether the import was written')
    expect(stderr).not.toMatch(/nothing was written/i)
  })

  test('two at once take turns: one creates, the other finds all unchanged', async () => {
    const both = await Promise.all([1, 2].map(() => importViewer({ db: base.db, folder: CORRUPTED })))
    expect(both.map(({ run: { created, unchanged } }) => [created, unchanged]).sort()).toEqual([
      [0, 24],
      [24, 0],
    ])
  })
})

async function filesOf(folder: string) {
  const names = await readdir(folder)
  return Promise.all(
    names.map(async (name) => {
      const { mtimeMs, size, mode } = await stat(join(folder, name))
      return { name, mtimeMs, size, mode, text: await readFile(join(folder, name), 'utf8') }
    }),
  )
}

// An import writes the list entries near its end: held up there it has written nearly everything.
async function blockedAtInbox(ownerUrl: string) {
  const owner = postgres(ownerUrl, { max: 2, onnotice: () => {} })
  const holder = await owner.reserve()
  await holder`begin`
  await holder`lock table inbox_entries in exclusive mode`
  const waiting = () => owner<{ pid: number }[]>`
    select l.pid from pg_locks l where not l.granted and l.relation = 'inbox_entries'::regclass`
  return {
    ...waitingImport(owner, waiting),
    release: () => holder`rollback`,
  }
}

const COMMIT_LOCK = 4711

// What is deferred runs within COMMIT.
async function blockedAtCommit(ownerUrl: string) {
  const owner = postgres(ownerUrl, { max: 2, onnotice: () => {} })
  await owner.unsafe(`
    create function wait() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock(${COMMIT_LOCK}); return null; end $$;
    create constraint trigger wait after insert on import_runs deferrable initially deferred
      for each row execute function wait()`)
  const holder = await owner.reserve()
  await holder`select pg_advisory_lock(${COMMIT_LOCK})`
  const waiting = () => owner<{ pid: number }[]>`
    select pid from pg_locks where not granted and locktype = 'advisory' and objid = ${COMMIT_LOCK}
      and database = (select oid from pg_database where datname = current_database())`
  return waitingImport(owner, waiting)
}

function waitingImport(owner: postgres.Sql, waiting: () => PromiseLike<{ pid: number }[]>) {
  const importWaits = async () => {
    while ((await waiting()).length === 0) await delay(20)
  }
  return {
    importWaits,
    terminateImport: async () => {
      await importWaits()
      for (const { pid } of await waiting()) await owner`select pg_terminate_backend(${pid})`
    },
    [Symbol.asyncDispose]: () => owner.end({ timeout: 1 }),
  }
}
