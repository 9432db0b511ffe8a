import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

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
  /** Proves to the starter that who asks may read this folder, and to who asks that it is the starter. */
  token: string
}

/** What a starter answers: itself, `silent` when it took the call and said nothing, `gone` when nobody is there. */
type Answer = { running: Running | null } | 'silent' | 'gone'

const ANSWER_WITHIN_MS = 3_000
/** Longer than a starter takes between finding a stale lock and having replaced it. */
const SETTLED_AFTER_MS = 200

export interface StarterLock {
  /** Tells others what runs here, asked anew each time. */
  announce(running: () => Running): void
  release(): Promise<void>
}

/**
 * One starter a data folder. The lock is a loopback port that answers who shows the lock file's token: unlike a process
 * id it cannot be mistaken for another program's, and it is gone with its process however that ended.
 * @returns the lock, or what the running starter says (null while it is still starting, or suspended).
 */
export async function lockDataDir(dataDir: string): Promise<StarterLock | { running: Running | null }> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'running.json')
  for (;;) {
    const other = await readLock(file)
    const answer = other ? await ask(other) : 'gone'
    if (answer === 'silent') return { running: null }
    if (answer !== 'gone') return answer
    const lock = await listen()
    if (await place(file, other, lock.file)) {
      return { announce: lock.announce, release: () => lock.release(file) }
    }
    await lock.close()
  }
}

/** The starter that runs on this folder, if any. */
export async function findRunning(dataDir: string): Promise<Running | null> {
  const lock = await readLock(join(dataDir, 'running.json'))
  const answer = lock ? await ask(lock) : 'gone'
  return typeof answer === 'object' ? answer.running : null
}

/** Null when there is none; one that cannot be read (cut off by a full disk) is nobody's. */
async function readLock(file: string): Promise<LockFile | null> {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return null
  try {
    return JSON.parse(text) as LockFile
  } catch {
    return { port: 0, token: '' }
  }
}

// `link` fails where a file is, so of two starters that find none only one gets its lock placed. Of several that
// replace the same stale one, each looks again a moment later: whoever's lock is there then has it.
async function place(file: string, stale: LockFile | null, lock: LockFile): Promise<boolean> {
  const mine = `${file}.${lock.token}`
  await writeFile(mine, JSON.stringify(lock), { mode: 0o600 })
  try {
    if (stale) await removeStale(file, stale, mine)
    await link(mine, file)
    await delay(SETTLED_AFTER_MS)
    return (await readLock(file))?.token === lock.token
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
  await rename(file, aside).catch(() => {}) // another starter has just moved it
  const moved = await readLock(aside)
  if (moved && moved.token !== stale.token) await link(aside, file).catch(() => {}) // or has placed its own
  await rm(aside, { force: true })
}

async function listen() {
  const token = randomBytes(32).toString('hex')
  let running: () => Running | null = () => null
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy())
    // Any program of this machine can connect; only who reads the folder knows the token.
    socket.setEncoding('utf8').once('data', (shown) => {
      if (String(shown) === token) socket.end(JSON.stringify({ token, running: running() }))
      else socket.destroy()
    })
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
      if ((await readLock(file))?.token === token) await rm(file, { force: true })
      await close()
    },
  }
}

function ask(lock: LockFile): Promise<Answer> {
  if (!lock.port) return Promise.resolve('gone')
  return new Promise((resolve) => {
    const socket = connect({ port: lock.port, host: '127.0.0.1' }, () => socket.write(lock.token))
    let text = ''
    socket.setTimeout(ANSWER_WITHIN_MS, () => {
      resolve('silent')
      socket.destroy()
    })
    socket.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    socket.on('error', () => resolve('gone'))
    socket.on('close', () => resolve(answerOf(text, lock)))
  })
}

function answerOf(text: string, lock: LockFile): Answer {
  try {
    const answer = JSON.parse(text) as { token: string; running: Running | null }
    if (answer.token === lock.token) return { running: answer.running }
  } catch {
    // Another program has the port now.
  }
  return 'gone'
}
