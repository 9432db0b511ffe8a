import { serve } from 'srvx'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { ConnectionLost } from '#db/client.ts'
import { handle, jsonBody } from './http.ts'
import { createLog } from './log.ts'

const lines: string[] = []
const store = globalThis as { throughlineContext?: unknown }
store.throughlineContext = { log: createLog('info', { write: (line) => lines.push(line) }) }
beforeEach(() => {
  lines.length = 0
})
afterAll(() => {
  delete store.throughlineContext
})

const request = (init?: RequestInit & { duplex?: 'half' }) => new Request('http://localhost/api/x', init)

test('a lost connection is 503 however deep it is wrapped, and one line without a stack', async () => {
  const lost = new Error('Failed to get session', {
    cause: new ConnectionLost('gone', { cause: new Error('ECONNRESET') }),
  })
  const response = await handle(request(), () => Promise.reject(lost))
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ error: { code: 'unavailable' } })
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ msg: 'refused', code: 'unavailable', path: '/api/x' }),
  ])
  expect(lines[0]).not.toContain('stack')
})

test('a body is read no further than its limit', async () => {
  let sent = 0
  const body = new ReadableStream({
    pull: (controller) => {
      sent += 1
      controller.enqueue(new Uint8Array(16 * 1024).fill(0x20))
      if (sent === 1_000) controller.close()
    },
  })
  const response = await handle(request({ method: 'POST', body, duplex: 'half' }), async (r) =>
    Response.json(await jsonBody(r)),
  )
  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({ error: { code: 'too_large' } })
  expect(sent).toBeLessThan(10)
})

test.each([
  ['no JSON', '{'],
  ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
])('%s is invalid', async (_, body) => {
  const response = await handle(request({ method: 'POST', body }), async (r) =>
    Response.json(await jsonBody(r)),
  )
  expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'invalid' } }])
})

test('a body over the server’s own limit is 413 too', async () => {
  const server = serve({
    hostname: '127.0.0.1',
    port: 0,
    silent: true,
    gracefulShutdown: false,
    maxRequestBodySize: 1024,
    fetch: (incoming) => handle(incoming, async (r) => Response.json(await jsonBody(r))),
  })
  await server.ready()
  const response = await fetch(server.url ?? '', { method: 'POST', body: 'x'.repeat(2048) })
  expect([response.status, await response.json()]).toMatchObject([413, { error: { code: 'too_large' } }])
  await server.close(true)
})
