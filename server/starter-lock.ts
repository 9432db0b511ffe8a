import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

/** What a running starter tells about itself to the next one. */
export interface Running {
  pid: number
  url: string
  /** Connection string of the owner role: the command-line tools use the database that runs. */
  database_url: string
  /** Process ids, null while a service is being started again; only what runs here is listed. */
  services: Record<string, number | null>
}

interface LockFile {
  port: number
  token: string
}

export interface StarterLock {
  /** Tells others what runs here, asked anew each time. */
  announce(running: () => Running): void
  release(): Promise<void>
}

/**
 * One starter a data folder. The lock is a loopback port that answers with the lock file's token: unlike a process
 * id it cannot be mistaken for another program's, and it is gone with its process however that ended.
 * @returns the lock, or what the running starter says (null while it is still starting).
 */
export async function lockDataDir(dataDir: string): Promise<StarterLock | { running: Running | null }> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'running.json')
  for (;;) {
    const other = await readLock(file)
    const answer = other && (await ask(other))
    if (answer) return { running: answer.running }
    const lock = await listen()
    if (await place(file, other, lock)) return { announce: lock.announce, release: () => lock.release(file) }
    await lock.close()
  }
}

/** The starter that runs on this folder, if any. */
export async function findRunning(dataDir: string): Promise<Running | null> {
  const lock = await readLock(join(dataDir, 'running.json'))
  return (lock && (await ask(lock)))?.running ?? null
}

async function readLock(file: string): Promise<LockFile | null> {
  const text = await readFile(file, 'utf8').catch(() => '')
  try {
    return JSON.parse(text) as LockFile
  } catch {
    return null // absent, or cut off by a full disk: nobody can be asked through it
  }
}

// `link` fails where a file is, so of two starters only one gets its lock placed.
async function place(file: string, stale: LockFile | null, lock: { file: LockFile }): Promise<boolean> {
  const mine = `${file}.${lock.file.token}`
  await writeFile(mine, JSON.stringify(lock.file), { mode: 0o600 })
  try {
    if (stale) await removeStale(file, stale, mine)
    else if ((await readLock(file)) === null) await rm(file, { force: true })
    await link(mine, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(mine, { force: true })
  }
}

// Taken aside first and looked at there: what was moved may already be the lock of a starter that was faster.
async function removeStale(file: string, stale: LockFile, mine: string): Promise<void> {
  const aside = `${mine}.stale`
  await rename(file, aside).catch(() => {})
  const moved = await readLock(aside)
  if (moved && moved.token !== stale.token) await link(aside, file).catch(() => {})
  await rm(aside, { force: true })
}

async function listen() {
  const token = randomBytes(16).toString('hex')
  let running: () => Running | null = () => null
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify({ token, running: running() }))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('No address to lock with.')
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  return {
    file: { port: address.port, token },
    announce: (now: () => Running) => {
      running = now
    },
    close,
    release: async (file: string) => {
      await rm(file, { force: true })
      await close()
    },
  }
}

function ask(lock: LockFile): Promise<{ running: Running | null } | null> {
  return new Promise((resolve) => {
    const socket = connect({ port: lock.port, host: '127.0.0.1' })
    let text = ''
    socket.setTimeout(2000, () => socket.destroy())
    socket.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    socket.on('error', () => resolve(null))
    socket.on('close', () => {
      try {
        const answer = JSON.parse(text) as { token: string; running: Running | null }
        resolve(answer.token === lock.token ? { running: answer.running } : null)
      } catch {
        resolve(null) // another program has the port now
      }
    })
  })
}
