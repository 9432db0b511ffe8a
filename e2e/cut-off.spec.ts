import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import * as http2 from 'node:http2'
import { connect } from 'node:net'
import { resolve } from 'node:path'
import { expect, test } from 'playwright/test'
import { FIRST } from '#server/test-only-certificate/index.ts'
import { isHealthy, type Stack, startStack } from './stack.ts'

// A tab that is closed cuts off whatever it was sending or being sent. That must not be felt by anybody else.

const BODY = JSON.stringify({ mutations: [], name: 'x'.repeat(30_000) })
const POSTS = ['/_serverFn/mutate', '/api/mutations', '/api/shape-tokens', '/api/auth/sign-in', '/']
/** Each of them so often, because where it matters is a matter of microseconds. */
const TIMES = 10

let stack: Stack
let appPid: number | null
let files: string[]
test.beforeAll(async () => {
  stack = await startStack()
  appPid = (await stack.services()).app
  files = await largestFiles(4)
})
test.afterAll(() => stack?.stop())
test.afterEach(async () => {
  expect(await isHealthy(stack.url)).toBe(true)
  expect((await stack.services()).app).toBe(appPid) // and not another that was started in its place
  expect((await stack.appLog()).filter(({ level }) => level === 50)).toEqual([])
})

test('an answer may be cut off anywhere: a file, packed or not, and a page', async () => {
  for (const path of [...files, '/']) {
    for (const encoding of ['identity', 'br']) {
      for (const readBytes of [1, 10_000, 60_000, 100_000]) {
        const head = headOf('GET', path, { 'accept-encoding': encoding })
        await Promise.all(times(TIMES, () => readUntil(head, readBytes)))
      }
    }
  }
})

test('a body may be cut off anywhere: after the head, in the middle, and right after its last byte', async () => {
  for (const path of POSTS) {
    const headers = { 'content-type': 'application/json', 'x-tsr-serverfn': 'true' }
    const whole = `${headOf('POST', path, { ...headers, 'content-length': String(BODY.length) })}${BODY}`
    const chunk = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`
    const chunked = `${headOf('POST', path, { ...headers, 'transfer-encoding': 'chunked' })}${chunk}`
    for (const text of [whole, chunked]) {
      const head = text.indexOf('\r\n\r\n') + 4
      for (const bytes of [head, head + 1, head + 10_000, text.length - 1, text.length]) {
        await Promise.all(times(TIMES, () => writeOnly(text.slice(0, bytes))))
      }
    }
  }
})

test('over HTTP/2 as well', async () => {
  const tls = await startStack({ env: { TLS_CERT: FIRST.cert, TLS_KEY: FIRST.key } })
  const before = await tls.services()
  const cutAll = async (headers: http2.OutgoingHttpHeaders, body?: string) => {
    // One of its own for each: Node hangs up on who cuts off too many in one.
    const session = http2.connect(tls.url, { rejectUnauthorized: false })
    await Promise.all(times(TIMES, () => cutStream(session.request(headers), body)))
    session.destroy()
  }
  for (const path of [...files, '/']) await cutAll({ ':path': path, 'accept-encoding': 'br' })
  for (const path of POSTS) {
    const post = { ':path': path, ':method': 'POST', 'content-type': 'application/json' }
    for (const bytes of [0, 1, 10_000, BODY.length]) await cutAll(post, BODY.slice(0, bytes))
  }
  expect(await isHealthy(tls.url)).toBe(true)
  expect((await tls.services()).app).toBe(before.app)
  await tls.stop()
})

async function largestFiles(count: number): Promise<string[]> {
  const folder = resolve('dist', 'client', 'assets')
  const named = (await readdir(folder)).map(async (name) => ({
    name,
    size: (await stat(resolve(folder, name))).size,
  }))
  const bySize = (await Promise.all(named)).sort((a, b) => b.size - a.size)
  return bySize.slice(0, count).map(({ name }) => `/assets/${name}`)
}

function times<T>(count: number, work: () => Promise<T>): Promise<T>[] {
  return Array.from({ length: count }, work)
}

function headOf(method: string, path: string, headers: Record<string, string>): string {
  const { host, origin } = new URL(stack.url)
  const lines = Object.entries({ host, origin, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

async function readUntil(head: string, bytes: number): Promise<void> {
  const socket = connect(stack.port, '127.0.0.1')
  socket.on('error', () => {}) // the server may be the first to hang up
  const closed = new Promise((settle) => socket.once('close', settle))
  let read = 0
  socket.on('data', (part) => {
    read += part.length
    if (read >= bytes) socket.destroy()
  })
  socket.end(head)
  await closed
}

async function writeOnly(text: string): Promise<void> {
  const socket = connect(stack.port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = new Promise((settle) => socket.once('close', settle))
  socket.write(text, () => socket.destroy())
  await closed
}

async function cutStream(stream: http2.ClientHttp2Stream, body?: string): Promise<void> {
  stream.on('error', () => {})
  const closed = once(stream, 'close')
  const cut = () => stream.close(http2.constants.NGHTTP2_CANCEL)
  stream.once('data', cut) // and so the answer is read, without which it never closes
  if (body !== undefined) stream.write(body, cut)
  await closed
}
