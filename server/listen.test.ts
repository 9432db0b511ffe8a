import { once } from 'node:events'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import * as https from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import * as tls from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { type Incoming, type Listening, type ListenOptions, listen } from './listen.ts'
import { createLog } from './log.ts'
import { FIRST, RENEWED } from './test-only-certificate/index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const lines: string[] = []
const log = createLog('info', { write: (line) => lines.push(line) })
const plain = { HOST: '127.0.0.1', PORT: 0, TLS_CERT: undefined, TLS_KEY: undefined }
const secure = { ...plain, TLS_CERT: FIRST.cert, TLS_KEY: FIRST.key }

async function start(options: Partial<ListenOptions> = {}): Promise<Listening> {
  const app = (req: Incoming, res: Writable) => void res.end(`app ${req.httpVersion} ${req.url}`)
  const server = await listen({ env: plain, log, handlers: [], app, ...options })
  closing.push(() => server.close())
  return server
}

/** Long enough for a request that is sent at once, by this same process. */
const soon = { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 20 }

/** The same request in each way that there is; over TLS by whoever trusts the test's certificate. */
const ways = {
  'HTTP/1.1': { env: plain, ask: overHttp1 },
  'HTTP/1.1 over TLS': { env: secure, ask: overHttp1 },
  'HTTP/2': { env: secure, ask: overHttp2 },
}

interface Answer {
  status: number
  stream: NodeJS.ReadableStream
  /** Goes away without a word. */
  leave(): void
}

function overHttp1(url: string, path: string, agent?: http.Agent): Promise<Answer> {
  const { request } = url.startsWith('https') ? https : http
  return new Promise((resolve, reject) => {
    const req = request(new URL(path, url), { rejectUnauthorized: false, agent: agent ?? false } as object)
    req.on('error', reject).end()
    req.on('response', (stream) =>
      resolve({ status: stream.statusCode ?? 0, stream, leave: () => req.destroy() }),
    )
  })
}

function connectHttp2(url: string) {
  const session = http2.connect(url, { rejectUnauthorized: false })
  session.on('error', () => {})
  closing.push(() => session.destroy())
  return session
}

async function overHttp2(url: string, path: string, session = connectHttp2(url)): Promise<Answer> {
  const stream = session.request({ ':path': path })
  const [headers] = await once(stream, 'response')
  return { status: headers[':status'], stream, leave: () => session.destroy() }
}

describe.each(Object.entries(ways))('%s', (name, { env, ask }) => {
  const version = name === 'HTTP/2' ? '2.0' : '1.1'

  test('the first handler that takes a request answers it, and the app what is left', async () => {
    const takes = (path: string, answer: string) => (req: Incoming, res: Writable) => {
      if (!req.url?.startsWith(path)) return false
      res.end(answer)
      return true
    }
    const { url } = await start({ env, handlers: [takes('/a/', 'first'), takes('/', 'second')] })
    expect(await text((await ask(url, '/a/b')).stream)).toBe('first')
    expect(await text((await ask(url, '/b')).stream)).toBe('second')
    const { url: bare } = await start({ env, handlers: [takes('/a/', 'first')] })
    expect(await text((await ask(bare, '/b')).stream)).toBe(`app ${version} /b`)
  })

  test('a handler that breaks answers 500, is logged, and others are answered as before', async () => {
    lines.length = 0
    const broken = (req: Incoming) => {
      if (req.url === '/broken') throw new Error('of its own')
      return false
    }
    const { url } = await start({ env, handlers: [broken] })
    const answer = await ask(url, '/broken')
    expect([answer.status, await text(answer.stream)]).toEqual([500, ''])
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ msg: 'failed', err: expect.objectContaining({ message: 'of its own' }) }),
    ])
    expect((await ask(url, '/')).status).toBe(200)
  })

  test('a stream outlives every limit, and a connection without requests does not', async () => {
    const times = { ...soon, keepAliveTimeout: 300 }
    const open: Writable[] = []
    const { url } = await start({
      env,
      times,
      app: (req, res) => (req.url === '/idle' ? res.end() : keep(res)),
    })
    const keep = (res: Writable) => {
      res.write('begun')
      open.push(res)
    }
    const { stream } = await ask(url, '/stream')
    const whole = text(stream)
    // Another connection's end shows that the limits have passed.
    await idleIsClosed(url)
    open[0]?.end(', gone on')
    expect(await whole).toBe('begun, gone on')
  })

  async function idleIsClosed(url: string): Promise<void> {
    if (name === 'HTTP/2') {
      const session = connectHttp2(url)
      const closed = once(session, 'close')
      await overHttp2(url, '/idle', session).then(({ stream }) => text(stream))
      await closed
      return
    }
    // Asks for the connection to be kept, and does not go by the hint for how long.
    const socket = name === 'HTTP/1.1' ? connect(portOf(url), '127.0.0.1') : tlsTo(url)
    const closed = once(socket, 'close')
    socket.write('GET /idle HTTP/1.1\r\nHost: localhost\r\n\r\n')
    socket.resume()
    await closed
  }

  test('a reader that leaves is seen to leave', async () => {
    const left = Promise.withResolvers<void>()
    const app = (_: Incoming, res: Writable) => {
      res.write('begun')
      res.on('close', () => left.resolve())
    }
    const { url } = await start({ env, app })
    const { stream, leave } = await ask(url, '/')
    stream.on('error', () => {})
    await once(stream, 'data')
    leave()
    await left.promise
  })

  test('a request that does not become whole is not waited for, while a whole one has all the time', async () => {
    const broken = Promise.withResolvers<void>()
    const app = (req: Incoming, res: Writable) => {
      req.on('close', broken.resolve)
      req.resume().on('end', () => {
        req.off('close', broken.resolve)
        whole.push(res)
      })
    }
    const whole: Writable[] = []
    const { url } = await start({ env, times: soon, app })
    const rest = sendBody(url, 'all of it')
    await expect.poll(() => whole.length).toBe(1)
    const half = sendBody(url, 'half', { isWhole: false })
    await Promise.all([broken.promise, half.ended])
    whole[0]?.end('answered')
    expect(await rest.answer).toBe('answered')
  })

  function sendBody(url: string, body: string, { isWhole = true } = {}) {
    const { request } = url.startsWith('https') ? https : http
    const options = { method: 'POST', rejectUnauthorized: false, agent: false }
    const req =
      name === 'HTTP/2'
        ? connectHttp2(url).request({ ':method': 'POST', ':path': '/' })
        : request(url, options as object)
    const answer = Promise.withResolvers<string>()
    if (req instanceof http.ClientRequest) req.on('response', (res) => answer.resolve(text(res)))
    else answer.resolve(text(req))
    answer.promise.catch(() => {})
    const ended = new Promise((settle) => req.on('error', settle).on('close', settle))
    req.write(body)
    if (isWhole) req.end()
    return { answer: answer.promise, ended }
  }

  test('closing ends what is open at once', async () => {
    const app = (_: Incoming, res: Writable) => void res.write('begun')
    const server = await start({ env, app })
    const idle = name === 'HTTP/1.1' ? connect(portOf(server.url), '127.0.0.1') : tlsTo(server.url)
    await once(idle, name === 'HTTP/1.1' ? 'connect' : 'secureConnect')
    idle.on('error', () => {}).resume()
    const { stream } = await ask(server.url, '/')
    const ended = new Promise((settle) => stream.on('error', settle).on('close', settle))
    await once(stream, 'data')
    await Promise.all([server.close(), ended, once(idle, 'close')])
    await expect(ask(server.url, '/')).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('TLS', () => {
  test('one connection carries hundreds of streams', async () => {
    const { url } = await start({ env: secure, app: (_, res: Writable) => void res.write('begun') })
    const session = connectHttp2(url)
    const answers = await Promise.all(Array.from({ length: 250 }, () => overHttp2(url, '/', session)))
    for (const { stream } of answers) stream.on('error', () => {})
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  })

  test('below version 1.2 is refused', async () => {
    const { url } = await start({ env: secure })
    const ciphers = 'DEFAULT@SECLEVEL=0' // else the client itself would not offer it
    const old = tlsTo(url, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers })
    const [error] = await once(old, 'error')
    expect(error.code).toMatch(/PROTOCOL_VERSION/)
    const current = tlsTo(url, { maxVersion: 'TLSv1.2' })
    await once(current, 'secureConnect')
    expect(current.getProtocol()).toBe('TLSv1.2')
  })

  test('whoever speaks without it is cut off, and others are served', async () => {
    const { url } = await start({ env: secure })
    for (const words of ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'anything', '\x16\x03\x01\xff\xff']) {
      const socket = connect(portOf(url), '127.0.0.1').on('error', () => {})
      socket.end(words)
      socket.resume()
      await once(socket, 'close')
    }
    expect((await overHttp2(url, '/')).status).toBe(200)
  })

  test('a renewed certificate is taken without a restart, a broken one is not', async () => {
    lines.length = 0
    const folder = await mkdtemp(join(tmpdir(), 'throughline-tls-'))
    closing.push(() => rm(folder, { recursive: true }))
    const own = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    await copyFile(FIRST.cert, own.cert)
    await copyFile(FIRST.key, own.key)
    const { url, certificate } = await start({ env: { ...plain, TLS_CERT: own.cert, TLS_KEY: own.key } })
    expect(await nameAt(url)).toBe('throughline test only')

    await copyFile(RENEWED.cert, own.cert) // its key is not there yet
    certificate?.look()
    certificate?.look()
    expect(await nameAt(url)).toBe('throughline test only')
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
      'new certificate not taken, the old one stays',
    ])

    const session = connectHttp2(url)
    await copyFile(RENEWED.key, own.key)
    certificate?.look()
    expect(await nameAt(url)).toBe('throughline test only, renewed')
    expect(lines.map((line) => JSON.parse(line).msg).at(-1)).toBe('certificate renewed')
    expect((await overHttp2(url, '/', session)).status).toBe(200)

    await rm(own.key)
    certificate?.look()
    expect(await nameAt(url)).toBe('throughline test only, renewed')
  })
})

async function nameAt(url: string): Promise<unknown> {
  const socket = tlsTo(url)
  await once(socket, 'secureConnect')
  return socket.getPeerCertificate().subject.CN
}

function tlsTo(url: string, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const socket = tls.connect({ port: portOf(url), host: '127.0.0.1', rejectUnauthorized: false, ...options })
  closing.push(() => socket.destroy())
  return socket
}

const portOf = (url: string) => Number(new URL(url).port)
