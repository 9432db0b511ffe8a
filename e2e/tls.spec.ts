import { once } from 'node:events'
import * as http2 from 'node:http2'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, type Page, test } from 'playwright/test'
import { FIRST } from '#server/test-only-certificate/index.ts'
import { createSession, createThread, invite, localPerson, shapeToken } from './people.ts'
import { joinAs, messageWith, openThread, say } from './screen.ts'
import { runToEnd, type Stack, startStack } from './stack.ts'

// The whole of it over TLS, with a certificate that only this test takes for one.

const tls = { TLS_CERT: FIRST.cert, TLS_KEY: FIRST.key }
let stack: Stack
let place: { session_id: string; thread_id: string }

test.use({ ignoreHTTPSErrors: true })
test.beforeAll(async () => {
  stack = await startStack({ env: tls })
  const owner = await localPerson(stack.url)
  const session_id = await createSession(owner, 'Over TLS')
  place = { session_id, thread_id: await createThread(owner, session_id, 'Encrypted') }
})
test.afterAll(() => stack?.stop())

test('the starter says where it is, and the container’s health check finds it well', async () => {
  expect(stack.output()).toMatch(new RegExp(`App +https://localhost:${stack.port} `))
  const check = (env: NodeJS.ProcessEnv) =>
    runToEnd(['server/health-command.ts'], { PORT: String(stack.port), ...env })
  expect(await check(tls)).toEqual({ code: 0, output: '' })
  expect((await check({ TLS_CERT: '', TLS_KEY: '' })).code).toBe(1)
})

test('a page, its files, what one person writes and its coming to another travel by HTTP/2', async ({
  browser,
}) => {
  const [ours, theirs] = [await browser.newContext(), await browser.newContext()]
  const first = await openThread(ours, stack.url, place)
  const door = await theirs.newPage()
  await joinAs(door, stack.url, await invite(await localPerson(stack.url), place.session_id), 'Greta Guest')
  const second = await openThread(theirs, stack.url, place)
  await say(first, 'By one wire')
  await expect(messageWith(second, 'By one wire')).toBeVisible()
  await say(second, 'And back')
  await expect(messageWith(first, 'And back')).toBeVisible()
  for (const page of [first, second]) {
    const protocols = await protocolsOf(page)
    expect(protocols.length).toBeGreaterThan(5)
    expect(new Set(protocols)).toEqual(new Set(['h2']))
  }
  expect(await theirs.cookies()).toMatchObject([{ name: '__Host-throughline', secure: true, httpOnly: true }])
  for (const each of [ours, theirs]) await each.close()
})

test('a stream and other requests share one connection, and the stream’s end leaves them alone', async () => {
  const { session_id } = place
  const token = await shapeToken(await localPerson(stack.url), session_id)
  const session = http2.connect(stack.url, { rejectUnauthorized: false })
  const health = async () => JSON.parse(await text(session.request({ ':path': '/api/health' })))
  const snapshot = session.request({
    ':path': `/api/shapes/chat_messages?session_id=${session_id}&offset=-1`,
    authorization: `Bearer ${token}`,
  })
  const [{ 'electric-handle': handle, 'electric-offset': offset }] = await once(snapshot, 'response')
  const stream = session.request({
    ':path': '/api/live',
    ':method': 'POST',
    'content-type': 'application/json',
  })
  const entry = { id: '1', shape: 'chat_messages', session_id, token: 0, handle, offset }
  stream.end(JSON.stringify({ tokens: [token], entries: [entry] }))
  const [headers] = await once(stream, 'response')
  expect([headers[':status'], headers['content-type']]).toEqual([200, 'application/octet-stream'])
  const [begun] = await once(stream, 'data')
  expect(String(begun)[0]).toBe('\n') // the first heartbeat
  expect(await health()).toMatchObject({ status: 'ok' })
  stream.close(http2.constants.NGHTTP2_CANCEL)
  await once(stream, 'close')
  expect(await health()).toMatchObject({ status: 'ok' })
  session.close()
})

test('whoever speaks without TLS is cut off, and the app goes on', async () => {
  const socket = connect(stack.port, 'localhost').on('error', () => {})
  socket.end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  const session = http2.connect(stack.url, { rejectUnauthorized: false })
  expect(JSON.parse(await text(session.request({ ':path': '/api/health' })))).toMatchObject({ status: 'ok' })
  session.close()
})

function protocolsOf(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      // Empty where nothing was sent: what is under way, and what was in the browser's cache.
      .map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol)
      .filter(Boolean),
  )
}
