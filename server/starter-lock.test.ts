import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findRunning, lockDataDir, type StarterLock } from './starter-lock.ts'

let folder: string
const held: StarterLock[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'throughline-lock-'))
})
afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release()
  await rm(folder, { recursive: true })
})

const running = {
  pid: 1,
  url: 'http://localhost',
  database_url: 'postgres://owner:secret@localhost/x',
  services: {},
}

async function lock(): Promise<StarterLock | { running: unknown }> {
  const result = await lockDataDir(folder)
  if (!('running' in result)) held.push(result)
  return result
}

const isHeld = (result: object) => !('running' in result)

test('a second starter is told what runs', async () => {
  const first = await lock()
  if (!isHeld(first)) throw new Error('the first starter gets the lock')
  ;(first as StarterLock).announce(() => running)
  expect(await lock()).toEqual({ running })
  expect(await findRunning(folder)).toEqual(running)
})

test('of starters that begin at the same moment one gets the lock, on an empty folder and over a stale lock', async () => {
  for (const stale of [false, true]) {
    if (stale)
      await writeFile(join(folder, 'running.json'), JSON.stringify({ port: 1, token: 'of a killed starter' }))
    const results = await Promise.all(Array.from({ length: 6 }, lock))
    expect(results.filter(isHeld)).toHaveLength(1)
    for (const each of held.splice(0)) await each.release()
  }
})

test('a lock file that was cut off is nobody’s', async () => {
  await writeFile(join(folder, 'running.json'), '{"port":')
  expect(isHeld(await lock())).toBe(true)
})

test('a lock whose port another program has now is stale', async () => {
  const other = createServer((socket) => socket.end('220 hello'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number } // of a server that listens on a port
  await writeFile(join(folder, 'running.json'), JSON.stringify({ port, token: 'x' }))
  expect(isHeld(await lock())).toBe(true)
  other.close()
})

test('a program that does not know the lock file’s token learns nothing', async () => {
  const first = (await lock()) as StarterLock // nobody else is here
  first.announce(() => running)
  const { port, token } = JSON.parse(await readFile(join(folder, 'running.json'), 'utf8')) as {
    port: number
    token: string
  }
  expect(await said(port, 'GET / HTTP/1.1\r\n\r\n')).toBe('')
  expect(await said(port, 'f'.repeat(token.length))).toBe('')
  expect(await said(port, token)).toContain('secret')
})

function said(port: number, shown: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(shown))
    socket.on('error', () => {})
    socket.on('data', (part) => {
      text += part
    })
    socket.on('close', () => resolve(text))
  })
}
