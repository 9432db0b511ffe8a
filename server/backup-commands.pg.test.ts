import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Contents, contentsOf, databasesLike, migratedDatabase, on } from '#db/backup/testing.ts'
import { connect } from '#db/client.ts'
import { type EmbeddedOptions, startEmbeddedPostgres } from '#db/embedded.ts'
import { migrateDatabase } from '#db/migrate.ts'
import { roleUrl } from '#db/roles.ts'
import { SEEDED, seed } from '#db/seed.ts'
import { type TestDatabase, testDatabase } from '#db/testing.ts'
import { apply } from './mutations/testing.ts'
import { loadSecrets } from './secrets.ts'
import { lockDataDir } from './starter-lock.ts'

const DEBIANS_15 = '/usr/lib/postgresql/15/bin'

let source: TestDatabase
let contents: Contents
let folder: string
/** A backup of the source, made by the command. */
let file: string
beforeAll(async () => {
  source = await testDatabase()
  await seed(source.db)
  contents = await contentsOf(source.ownerUrl)
  folder = await mkdtemp(join(tmpdir(), 'throughline-commands-'))
  file = join(folder, 'of-source.backup')
  expect(await backup([file])).toMatchObject({ code: 0 })
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await source.close()
})
let place: string
beforeEach(async () => {
  place = await mkdtemp(join(folder, 'place-'))
})

type Settings = Record<string, string>

function start(program: string, args: string[], env: Settings = {}): ChildProcess {
  const { PATH, HOME = '' } = process.env
  const own = { DATABASE_URL: source.ownerUrl, DATA_DIR: join(place ?? folder, 'data') }
  return spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url)), ...args], {
    // As npm runs it: in the project, called from somewhere else.
    env: { PATH, HOME, INIT_CWD: place ?? folder, ...own, ...env },
    stdio: 'pipe',
  })
}

async function run(child: ChildProcess) {
  if (!child.stdout || !child.stderr) throw new TypeError('started without pipes')
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

const backup = (args: string[], env?: Settings) => run(start('backup-command.ts', args, env))
const restore = (args: string[], env?: Settings) => run(start('restore-command.ts', args, env))

describe('backup', () => {
  test('makes one file for this user alone, where the person stands, and says how to restore it', async () => {
    const { code, out } = await backup(['here.backup'])
    const made = join(place, 'here.backup')
    expect(code).toBe(0)
    expect(await readdir(place)).toEqual(['here.backup'])
    expect((await stat(made)).mode & 0o777).toBe(0o600)
    expect(out).toMatch(/SHA-256 +[0-9a-f]{64}\n/)
    expect(out).toContain(`npm run restore -- ${made}\n`)
  })

  test('takes the database of a Throughline that runs on the data folder, whatever runs it', async () => {
    const dataDir = join(place, 'data')
    const running = await lockDataDir(dataDir)
    if ('running' in running) throw new Error('a new folder is taken')
    running.announce(() => ({ pid: 1, url: '', database_url: source.ownerUrl, services: {} }))
    expect(await backup(['x'], { DATABASE_URL: '' })).toMatchObject({ code: 0 })
    const refused = await restore([file, '--replace'], { DATABASE_URL: '' })
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(`Throughline runs on ${dataDir}`) })
    await running.release()
    expect((await readdir(dataDir)).sort()).toEqual([])
  })

  test.each([
    [['x'], { DATABASE_URL: '' }, 1, 'There is no database in'],
    [
      ['x'],
      { DATABASE_URL: 'postgres://a:secret@127.0.0.1:1/b' },
      1,
      'PostgreSQL is not reachable at 127.0.0.1:1/b as "a"',
    ],
    [[], {}, 2, "missing required argument 'file'"],
  ])('backup %j with %j ends with %i, and says why without a stack trace', async (args, env, code, why) => {
    const ended = await backup(args, env)
    expect(ended).toMatchObject({ code, out: '', err: expect.stringContaining(why) })
    expect(ended.err).not.toMatch(/secret|\n\s+at /)
    expect(await readdir(place)).toEqual([])
  })

  test('on a disk that takes no more leaves no half file', async () => {
    const child = spawn(
      'sh',
      ['-c', `ulimit -f 1; exec "$0" "$@"`, process.execPath, 'server/backup-command.ts', 'x'],
      {
        env: { PATH: process.env.PATH, INIT_CWD: place, DATABASE_URL: source.ownerUrl, DATA_DIR: place },
        stdio: 'pipe',
      },
    )
    const ended = await run(child)
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('Choose another place') })
    expect(await readdir(place)).toEqual([])
  })

  test('that is stopped by Ctrl-C leaves no half file', async () => {
    await using blocked = await blockedBy(source.ownerUrl, 'lock table sessions in access exclusive mode')
    const child = start('backup-command.ts', ['x'])
    const ended = run(child)
    await blocked.somebodyWaits()
    expect(await readdir(place)).toHaveLength(1)
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, out: '', err: expect.stringContaining('Stopped') })
    expect(await readdir(place)).toEqual([])
  })
})

describe('restore', () => {
  test('brings everything back, and the app goes on with it', async () => {
    await using target = await migratedDatabase()
    const { code, out } = await restore([file], { DATABASE_URL: target.ownerUrl })
    expect([code, out]).toEqual([0, expect.stringContaining('Start it with: npm start')])
    expect(await contentsOf(target.ownerUrl)).toEqual(contents)
    await usesTheApp(target.ownerUrl)
  })

  test('refuses an altered file before it looks at the database', async () => {
    const bytes = await readFile(file)
    await writeFile(join(place, 'x'), bytes.fill('x', 1000, 1001))
    const ended = await restore(['x', '--replace'], { DATABASE_URL: 'postgres://a:b@127.0.0.1:1/none' })
    expect(ended).toMatchObject({ code: 1, out: '', err: expect.stringContaining('was altered or damaged') })
    expect(ended.err).not.toMatch(/not reachable|\n\s+at /)
  })

  test('that is stopped by Ctrl-C changes nothing', async () => {
    await using target = await migratedDatabase()
    const before = await contentsOf(target.ownerUrl)
    await using blocked = await blockedBy(target.ownerUrl, 'select from accounts')
    const child = start('restore-command.ts', [file], { DATABASE_URL: target.ownerUrl })
    const ended = run(child)
    await blocked.somebodyWaits()
    child.kill('SIGINT')
    expect(await ended).toMatchObject({
      code: 130,
      out: '',
      err: expect.stringContaining('no data was changed'),
    })
    expect(await contentsOf(target.ownerUrl)).toEqual(before)
  })

  test('--replace keeps the database that was there, and says under which name', async () => {
    await using target = await migratedDatabase()
    await on(
      target.ownerUrl,
      (owner) => owner`insert into heartbeats (id, beat_at) values (${uuidv7()}, now())`,
    )
    const { code, out } = await restore([file, '--replace'], { DATABASE_URL: target.ownerUrl })
    expect(code).toBe(0)
    const kept = /is kept as "(\w+)"/.exec(out)?.[1]
    expect(await databasesLike(target.name)).toEqual([target.name, kept])
  })
})

describe('a data folder', () => {
  test('of another PostgreSQL moves by the two commands that the start names', async ({ skip }) => {
    skip(!existsSync(DEBIANS_15), 'PostgreSQL 15 is not installed on this machine')
    const env = { DATABASE_URL: '', DATA_DIR: join(place, 'data') }
    const { database_password: password } = await loadSecrets(env.DATA_DIR)
    const old = {
      dataDir: join(env.DATA_DIR, 'postgres'),
      password,
      logFile: join(place, 'log'),
      binaries: DEBIANS_15,
    }
    const before = await filled(old)

    const refused = await run(start('db-command.ts', ['migrate'], env))
    expect(refused.err).toContain('was made by PostgreSQL 15; this release runs PostgreSQL 18')
    const named = [...refused.err.matchAll(/npm run (\w+) -- (\S+)/g)].map(([, command, name]) => [
      command,
      name,
    ])
    expect(named).toEqual([
      ['backup', 'throughline-15.backup'],
      ['restore', 'throughline-15.backup'],
    ])

    const made = await backup(['throughline-15.backup'], env)
    expect(made).toMatchObject({
      code: 0,
      err: expect.stringContaining(`read with the binaries in ${DEBIANS_15}`),
    })
    const restored = await restore(['throughline-15.backup'], env)
    expect(restored).toMatchObject({ code: 0 })
    const kept = /is kept as (\S+postgres-15-\S+)\. /.exec(restored.out)?.[1] ?? ''
    expect((await readdir(env.DATA_DIR)).sort()).toEqual([
      'logs',
      'postgres',
      kept.slice(kept.lastIndexOf('/') + 1),
      'secrets.json',
    ])

    const { binaries: _, ...now } = old
    await onServer(now, async (url) => {
      expect(await contentsOf(url)).toEqual(before)
      await usesTheApp(url)
    })
    expect(await readFile(join(kept, 'PG_VERSION'), 'utf8')).toBe('15\n')

    const again = await restore(['throughline-15.backup'], env)
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('There is a database in') })
  })

  test('can be tried out without one: --check restores and throws away', async () => {
    const { code, out } = await restore(['--check', file], { DATABASE_URL: '', TMPDIR: place })
    expect([code, out]).toEqual([0, expect.stringContaining('It can be restored: that was tried')])
    expect(await readdir(place)).toEqual([])
  })

  test('without its secrets is told apart from a server that does not start', async () => {
    const env = { DATABASE_URL: '', DATA_DIR: place }
    await mkdir(join(place, 'postgres'))
    await writeFile(join(place, 'postgres', 'PG_VERSION'), '18\n')
    expect(await backup(['x'], env)).toMatchObject({
      code: 1,
      err: expect.stringContaining('secrets.json is missing'),
    })
    expect((await readdir(place)).sort()).toEqual(['postgres'])
  })
})

/** A person's words arrive: row-level rules, triggers and counters work. */
async function usesTheApp(ownerUrl: string): Promise<void> {
  const db = connect(roleUrl(ownerUrl, 'app'), { maxConnections: 2 })
  const threads = () =>
    on(
      ownerUrl,
      (owner) => owner<{ id: string; session_id: string; last_position: number; message_count: number }[]>`
      select id, session_id, last_position, message_count from chat_threads where status = 'active' order by id limit 1`,
    )
  const [thread] = await threads()
  if (!thread) throw new Error('nothing was restored')
  const input = {
    id: uuidv7(),
    session_id: thread.session_id,
    thread_id: thread.id,
    content: 'after the restore',
  }
  const answer = await apply(db, SEEDED.ada, 'chat_messages.send', input).finally(() => db.close())
  expect(answer.txid).toBeGreaterThan(0)
  const { last_position, message_count } = thread
  expect(await threads()).toMatchObject([
    { last_position: last_position + 1, message_count: message_count + 1 },
  ])
}

/** Seeds a new data folder. */
function filled(options: EmbeddedOptions): Promise<Contents> {
  return onServer(options, async (url) => {
    await on(url.replace(/throughline$/, 'postgres'), (owner) => owner.unsafe('create database throughline'))
    await migrateDatabase(url)
    const db = connect(url)
    await seed(db).finally(() => db.close())
    return contentsOf(url)
  })
}

async function onServer<T>(options: EmbeddedOptions, work: (url: string) => Promise<T>): Promise<T> {
  const server = await startEmbeddedPostgres(options)
  return work(server.url('throughline')).finally(() => server.stop())
}

/** Holds what a command needs, so that it stands still in its middle. */
async function blockedBy(url: string, statement: string) {
  const sql = postgres(url, { max: 2, onnotice: () => {} })
  const holder = await sql.reserve()
  await holder`begin`
  await holder.unsafe(statement)
  const waiting = () => sql`
    select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())`
  return {
    somebodyWaits: async () => {
      while ((await waiting()).length === 0);
    },
    [Symbol.asyncDispose]: async () => {
      await holder`rollback`
      holder.release()
      await sql.end({ timeout: 1 })
    },
  }
}
