import { createServer, type ServerResponse } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '#db/embedded.ts'
import { createContext } from '#server/context.ts'
import { parseEnv } from '#server/env.ts'
import { type Listening, listen } from '#server/listen.ts'
import { makeWorld, type World } from '#server/mutations/testing.ts'
import { FIRST } from '#server/test-only-certificate/index.ts'
import { createProxyListener } from './listener.ts'
import { signToken } from './live/testing.ts'
import { closeProxy } from './process-state.ts'
import { newSigningKey, startStack } from './testing.ts'

// The same endpoints where each request is a stream of one connection: such a stream ends in other ways than a socket.

let stack: Awaited<ReturnType<typeof startStack>>
let world: World
let peer: ReturnType<typeof createServer>
let server: Listening
let session: ClientHttp2Session
let ctx: ReturnType<typeof createContext>
let key: string
/** How Electric answers what is asked of it. */
let answer: (response: ServerResponse) => void

beforeAll(async () => {
  stack = await startStack()
  world = await makeWorld(stack.db)
  peer = createServer((_request, response) => answer(response))
  await new Promise<void>((listening) => peer.listen(0, '127.0.0.1', listening))
  const port = await freePort()
  key = await newSigningKey()
  ctx = createContext(
    parseEnv({
      PORT: String(port),
      DATABASE_URL: stack.appUrl,
      ELECTRIC_URL: `http://127.0.0.1:${(peer.address() as AddressInfo).port}`, // listening on TCP
      ELECTRIC_SECRET: 'a secret of this test alone',
      AUTH_SECRET: 'x'.repeat(32),
      SHAPE_TOKEN_KEY: key,
      TLS_CERT: FIRST.cert,
      TLS_KEY: FIRST.key,
      LOG_LEVEL: 'silent',
    }),
  )
  const notFound = (_: unknown, res: { end(): void }) => res.end()
  server = await listen({ env: ctx.env, log: ctx.log, handlers: [createProxyListener(ctx)], app: notFound })
  session = connect(server.url, { rejectUnauthorized: false })
})
afterAll(async () => {
  session?.destroy()
  await closeProxy(ctx)
  await server?.close()
  peer.closeAllConnections()
  await new Promise((closed) => peer.close(closed))
  await ctx.db.close()
  await stack.stop()
})

async function getInbox(position = 'offset=-1'): Promise<ClientHttp2Stream> {
  const token = await signToken({ key }, world.owner)
  return session.request({
    ':path': `/api/shapes/inbox_entries?${position}`,
    authorization: `Bearer ${token}`,
  })
}

async function postLive(): Promise<ClientHttp2Stream> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/api/live',
    'content-type': 'application/json',
  })
  const entry = { id: 'a', shape: 'inbox_entries', token: 0, handle: '1-1', offset: '0_0' }
  stream.end(JSON.stringify({ tokens: [await signToken({ key }, world.owner)], entries: [entry] }))
  return stream
}

const firstOf = (stream: ClientHttp2Stream, event: string) =>
  new Promise<unknown>((resolve) => stream.once(event, resolve))

const metric = async (name: string) => {
  const text = await ctx.metrics.metrics()
  return Number(new RegExp(`^throughline_proxy_${name} (\\d+)$`, 'm').exec(text)?.[1])
}

const HEADERS = { 'electric-handle': '1-1', 'electric-offset': '1_0', 'electric-cursor': '1' }

describe('over HTTP/2', () => {
  it('a shape is answered', async () => {
    answer = (response) => response.writeHead(200, HEADERS).end('[1]')
    const stream = await getInbox()
    let text = ''
    stream.setEncoding('utf8').on('data', (part) => (text += part))
    const headers = (await firstOf(stream, 'response')) as Record<string, unknown>
    await firstOf(stream, 'end')
    expect([headers[':status'], headers['electric-offset'], text]).toEqual([200, '1_0', '[1]'])
  })

  it('an answer that Electric breaks off does not look whole', async () => {
    answer = (response) => {
      response.writeHead(200, HEADERS).write('[1', () => setImmediate(() => response.destroy()))
    }
    const stream = await getInbox('handle=1-1&offset=5_0')
    stream.resume()
    const error = (await firstOf(stream, 'error')) as { code: string }
    expect([error.code, stream.rstCode]).toEqual(['ERR_HTTP2_STREAM_ERROR', constants.NGHTTP2_INTERNAL_ERROR])
  })

  it('a live stream runs, and is let go with its reader', async () => {
    answer = () => {}
    const stream = await postLive()
    expect(await firstOf(stream, 'data')).toEqual(Buffer.from('\n'))
    await expect.poll(() => metric('upstream_waits')).toBe(1)
    stream.close()
    await expect.poll(() => metric('streams')).toBe(0)
    expect(await metric('upstream_waits')).toBe(0)
  })

  it('whoever has left before she is answered keeps nothing', async () => {
    answer = () => {}
    for (let n = 0; n < 30; n++) {
      const stream = n % 2 ? await getInbox(`handle=1-1&offset=${n}_0`) : await postLive()
      if (n % 3) setImmediate(() => stream.close(constants.NGHTTP2_CANCEL))
      else stream.close(constants.NGHTTP2_CANCEL)
      await firstOf(stream, 'close')
    }
    await expect
      .poll(async () => [await metric('streams'), await metric('requests'), await metric('upstream_waits')])
      .toEqual([0, 0, 0])
  })
})
