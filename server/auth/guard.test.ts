import { createServer } from 'node:http'
import * as http2 from 'node:http2'
import { type AddressInfo, connect, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { type GuardEnv, guard, guardRequest, partsOf } from './guard.ts'

const local: GuardEnv = { PUBLIC_URL: 'http://localhost:3000', PORT: 3000, TRUST_PROXY: false }
const hosted: GuardEnv = { PUBLIC_URL: 'https://talk.example', PORT: 3000, TRUST_PROXY: false }

interface Sent {
  env?: GuardEnv
  url?: string
  method?: string
  headers?: Record<string, string>
}

/** `passes`, or the code it is refused with, whatever form the request has. */
function outcome({
  env = local,
  url = 'http://localhost:3000/api/mutations',
  method = 'GET',
  headers = {},
}: Sent) {
  const request = new Request(url, { method, headers })
  const decision = judged(() => guardRequest(request, env))
  const { host } = new URL(url)
  const lower = Object.fromEntries(request.headers)
  const parts = { method, host: lower.host ?? host, headers: lower }
  // As a proxy asks, with the whole address in the line, and as everybody else does, where that is the header's.
  expect(judged(() => guard({ ...parts, target: url }, env))).toBe(decision)
  if (lower.host === undefined || lower.host === host) {
    const target = url.slice(new URL(url).origin.length)
    expect(judged(() => guard({ ...parts, target }, env))).toBe(decision)
  }
  return decision
}

function judged(work: () => void) {
  try {
    work()
    return 'passes'
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

const visit = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

describe('the host', () => {
  test.each([
    ['localhost:3000', 'passes'],
    ['LOCALHOST:3000', 'passes'],
    ['127.0.0.1:3000', 'passes'],
    ['[::1]:3000', 'passes'],
    ['localhost', 'invalid'],
    ['localhost:3001', 'invalid'],
    ['localhost.:3000', 'invalid'],
    ['evil.example:3000', 'invalid'],
    ['localhost:3000.evil.example', 'invalid'],
    ['localhost:3000@evil.example', 'invalid'],
    ['0.0.0.0:3000', 'invalid'],
    ['127.0.0.2:3000', 'invalid'],
    ['talk.example', 'invalid'],
    ['', 'invalid'],
  ])('"%s" %s on one’s own machine', (host, expected) => {
    expect(outcome({ headers: { host } })).toBe(expected)
  })

  test.each([
    ['talk.example', 'passes'],
    ['Talk.Example', 'passes'],
    ['localhost:3000', 'passes'],
    ['talk.example:3000', 'invalid'],
    ['www.talk.example', 'invalid'],
  ])('"%s" %s on a public server', (host, expected) => {
    expect(outcome({ env: hosted, url: 'http://talk.example/', headers: { host } })).toBe(expected)
  })

  test('is taken from the request line when there is no header', () => {
    expect(outcome({ url: 'http://evil.example:3000/' })).toBe('invalid')
  })

  test('must be ours in the request line as well as in the header', () => {
    expect(outcome({ url: 'http://evil.example/', headers: { host: 'localhost:3000' } })).toBe('invalid')
  })
})

describe('the origin', () => {
  const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']
  const origins: [string, string][] = [
    ['http://localhost:3000', 'passes'],
    ['http://localhost:3001', 'forbidden'],
    ['https://localhost:3000', 'forbidden'],
    ['http://127.0.0.1:3000', 'forbidden'],
    ['http://evil.example', 'forbidden'],
    ['http://localhost:3000.evil.example', 'forbidden'],
    ['null', 'forbidden'],
    ['', 'forbidden'],
  ]
  test.each(methods.flatMap((method) => origins.map(([origin, expected]) => [method, origin, expected])))(
    '%s from "%s" %s',
    (method, origin, expected) => {
      expect(outcome({ method, headers: { origin } })).toBe(expected)
    },
  )

  test('must be that of the host that was addressed, not of another name of this server', () => {
    const sent = { env: hosted, url: 'http://talk.example/api/mutations', method: 'POST' }
    expect(outcome({ ...sent, headers: { origin: 'https://talk.example' } })).toBe('passes')
    expect(outcome({ ...sent, headers: { origin: 'http://talk.example' } })).toBe('forbidden')
    expect(outcome({ ...sent, headers: { origin: 'http://localhost:3000' } })).toBe('forbidden')
  })

  test('is one with TLS where the server has it', () => {
    const env = { ...local, PUBLIC_URL: 'https://localhost:3000', TLS_CERT: 'certificate.pem' }
    for (const host of ['localhost:3000', '127.0.0.1:3000', '[::1]:3000']) {
      const from = (origin: string) =>
        outcome({ env, url: `https://${host}/`, method: 'POST', headers: { origin } })
      expect(from(`https://${host}`)).toBe('passes')
      expect(from(`http://${host}`)).toBe('forbidden')
    }
  })

  test.each([
    ['GET', 'same-origin', 'passes'],
    ['GET', 'none', 'passes'],
    ['GET', 'same-site', 'forbidden'],
    ['GET', 'cross-site', 'forbidden'],
    ['POST', 'same-origin', 'passes'],
    ['POST', 'none', 'forbidden'],
    ['POST', 'same-site', 'forbidden'],
    ['POST', 'cross-site', 'forbidden'],
    ['DELETE', 'something-new', 'forbidden'],
  ])('%s with no origin and Sec-Fetch-Site %s %s', (method, site, expected) => {
    expect(outcome({ method, headers: { 'sec-fetch-site': site } })).toBe(expected)
  })

  test('does not have to be told by programs that are no browser', () => {
    expect(outcome({ method: 'POST' })).toBe('passes')
  })

  test('a matching one does not outweigh what the browser says of the site', () => {
    const headers = { origin: 'http://localhost:3000', 'sec-fetch-site': 'cross-site' }
    expect(outcome({ method: 'POST', headers })).toBe('forbidden')
  })
})

describe('a link from another site', () => {
  test.each([
    ['/', 'passes'],
    ['/join/abc', 'passes'],
    ['/apiary', 'passes'],
    ['/api', 'forbidden'],
    ['/api/auth/sign-out', 'forbidden'],
    ['/API/auth', 'forbidden'],
    ['/%61pi/auth', 'forbidden'],
    ['//api/auth', 'forbidden'],
    ['/join/%2e%2e/api/auth', 'forbidden'],
    ['/%E0%A4%A', 'forbidden'],
    ['/_serverFn/abc', 'forbidden'],
  ])('to %s %s', (path, expected) => {
    expect(outcome({ url: `http://localhost:3000${path}`, headers: visit })).toBe(expected)
  })

  test.each([
    ['a frame', { ...visit, 'sec-fetch-dest': 'iframe' }],
    ['an image', { ...visit, 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' }],
    ['a fetch', { ...visit, 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' }],
  ])('is refused in %s', (_, headers) => {
    expect(outcome({ url: 'http://localhost:3000/', headers })).toBe('forbidden')
  })

  test('is refused as a form that posts', () => {
    expect(outcome({ url: 'http://localhost:3000/', method: 'POST', headers: visit })).toBe('forbidden')
  })
})

describe('forwarding headers', () => {
  const names = [
    'forwarded',
    'x-forwarded-for',
    'X-Forwarded-Host',
    'x-forwarded-proto',
    'x-real-ip',
    'x-original-url',
  ]
  test.each(names)('%s is refused unless the proxy is trusted', (name) => {
    expect(outcome({ headers: { [name]: 'anything' } })).toBe('invalid')
    expect(outcome({ env: { ...local, TRUST_PROXY: true }, headers: { [name]: 'anything' } })).toBe('passes')
  })

  test('never stand in for the host', () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'localhost:3000' }
    expect(outcome({ env: { ...local, TRUST_PROXY: true }, headers })).toBe('invalid')
  })
})

describe('a request as Node has it', () => {
  let http1: Server
  let h2: Server
  let env: GuardEnv
  const portOf = (server: Server) => (server.address() as AddressInfo).port // both listen on TCP
  const listen = (server: Server) =>
    new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))

  beforeAll(async () => {
    http1 = createServer((req, res) => res.end(judged(() => guard(partsOf(req), env))))
    h2 = http2.createServer((req, res) => res.end(judged(() => guard(partsOf(req), env))))
    await listen(http1)
    await listen(h2)
    env = { ...local, PORT: portOf(http1) }
  })
  afterAll(async () => {
    for (const server of [http1, h2]) await new Promise((closed) => server.close(closed))
  })

  /** `HOST` stands for the server's own. */
  async function overHttp1(...lines: string[]): Promise<string> {
    const socket = connect(portOf(http1), '127.0.0.1')
    socket.end(
      [...lines, 'connection: close', '', ''].join('\r\n').replaceAll('HOST', `localhost:${env.PORT}`),
    )
    return (await text(socket)).split('\r\n\r\n').at(-1) ?? ''
  }

  test.each([
    [['GET / HTTP/1.1', 'Host: HOST'], 'passes'],
    [['GET / HTTP/1.1', 'Host: evil.example'], 'invalid'],
    [['GET / HTTP/1.1', 'Host: HOST', 'Host: evil.example'], 'invalid'],
    [['GET / HTTP/1.1', 'Host: HOST', 'hOST: HOST'], 'invalid'],
    [['GET http://HOST/ HTTP/1.1', 'Host: HOST'], 'passes'],
    [['GET http://evil.example/ HTTP/1.1', 'Host: HOST'], 'invalid'],
    [['GET / HTTP/1.1', 'Host: HOST', 'X-Forwarded-For: 1.2.3.4'], 'invalid'],
    [['POST / HTTP/1.1', 'Host: HOST', 'Origin: http://HOST'], 'passes'],
    [['POST / HTTP/1.1', 'Host: HOST', 'Origin: http://HOST', 'Origin: http://HOST'], 'forbidden'],
    [['POST / HTTP/1.1', 'Host: HOST', 'Sec-Fetch-Site: none'], 'forbidden'],
    [['GET / HTTP/1.0'], 'passes'],
  ])('%j %s', async (lines, expected) => {
    expect(await overHttp1(...lines)).toMatch(new RegExp(`${expected}(\\r\\n0)?$`))
  })

  test.each([
    [{ ':authority': 'HOST' }, 'passes'],
    [{ ':authority': 'evil.example' }, 'invalid'],
    [{ ':authority': 'HOST', host: 'evil.example' }, 'invalid'],
    [{ ':authority': 'evil.example', host: 'HOST' }, 'invalid'],
    [{ ':authority': 'HOST', origin: 'http://HOST', ':method': 'POST' }, 'passes'],
    [{ ':authority': 'HOST', origin: 'http://evil.example', ':method': 'POST' }, 'forbidden'],
  ])('over HTTP/2 %j %s', async (headers, expected) => {
    const session = http2.connect(`http://127.0.0.1:${portOf(h2)}`)
    const own = Object.entries(headers).map(([name, value]) => [
      name,
      value.replaceAll('HOST', `localhost:${env.PORT}`),
    ])
    const stream = session.request(Object.fromEntries(own))
    stream.end()
    expect(await text(stream)).toBe(expected)
    session.close()
  })
})
