import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Items, startItems } from './items.ts'
import { ask, json } from './raw-http.ts'

let items: Items

beforeAll(async () => {
  items = await startItems()
})

afterAll(() => items?.stop())

const READ = '/v1/shape?table=items&offset=-1'

describe('endpoints (section 0)', () => {
  test('the path of the shape endpoint may be written in many ways', async () => {
    const { url } = items.electric
    for (const path of ['/v1/shape/', '/v1//shape', '//v1/shape', '/v1/%73hape', '/%76%31/shape//']) {
      const answer = await ask(url, `${path}?table=items&offset=-1`)
      expect([answer.status, answer.headers['electric-offset']], path).toEqual([200, '0_0'])
    }
  })

  test('everything else is not found, in plain text that no other origin reads', async () => {
    const { url } = items.electric
    const cases = [
      ['GET', '/v1'],
      ['PUT', '/v1/shape'],
      ['PATCH', '/v1/shape?table=items&offset=-1'],
      ['POST', '/v1/health'],
      ['POST', '/'],
      ['GET', '/v1/shape/x'],
      ['GET', '/V1/SHAPE'],
      ['GET', '/v1/shape%2F'],
      ['GET', '/%zz'],
      ['OPTIONS', '/v1/health'],
    ] as const
    for (const [method, path] of cases) {
      const { status, headers, body } = await ask(url, path, { method })
      expect([status, String(body)], `${method} ${path}`).toEqual([404, 'Not found'])
      expect(headers['content-type']).toContain('text/plain')
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  test('the root answers, empty', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, body } = await ask(items.electric.url, '/', { method })
      expect([status, body.length, headers['content-length']]).toEqual([200, 0, '0'])
      expect(headers['electric-server']).toMatch(/^ElectricSQL\/\d/)
    }
  })

  test('health says that it is active, and no cache keeps that', async () => {
    const answer = await ask(items.electric.url, '/v1/health')
    expect([answer.status, json(answer)]).toEqual([200, { status: 'active' }])
    expect(answer.headers['cache-control']).toBe('no-cache, no-store, must-revalidate')
    expect(answer.headers['access-control-allow-methods']).toBe('GET, HEAD')
    const head = await ask(items.electric.url, '/v1/health', { method: 'HEAD' })
    expect([head.status, head.body.length]).toEqual([200, 0])
  })

  test('HEAD is GET without the body, also for an error', async () => {
    const names = [
      'cache-control',
      'content-length',
      'content-type',
      'electric-handle',
      'electric-offset',
      'electric-schema',
      'etag',
    ]
    for (const path of [READ, '/v1/shape?offset=-1']) {
      const full = await ask(items.electric.url, path)
      const head = await ask(items.electric.url, path, { method: 'HEAD' })
      expect(head.body.length).toBe(0)
      expect(head.status).toBe(full.status)
      for (const name of names) expect(head.headers[name], name).toBe(full.headers[name])
    }
  })

  test('requests sent ahead on one connection are answered in their order', async () => {
    const { connect } = await import('node:net')
    const socket = connect(items.electric.port, '127.0.0.1')
    const paths = ['/v1/health', READ, '/', '/nowhere']
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
    let text = ''
    for await (const chunk of socket) {
      text += chunk
      if (text.endsWith('Not found')) break
    }
    expect([...text.matchAll(/HTTP\/1.1 (\d+)/g)].map((match) => match[1])).toEqual([
      '200',
      '200',
      '200',
      '404',
    ])
  })
})

describe('the secret (section 0)', () => {
  test('everybody must give it but preflight and health', async () => {
    await items.with({ secret: 'right' }, async ({ url }) => {
      for (const given of [
        '',
        '&secret=',
        '&secret=wrong',
        '&secret=right%20',
        '&secret[]=right',
        '&SECRET=right',
      ]) {
        for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'PUT']) {
          const { status } = await ask(url, READ + given, { method })
          expect(status, `${method} ${given}`).toBe(401)
        }
      }
      for (const given of ['&secret=right', '&api_secret=right', '&secret=wrong&secret=right']) {
        expect((await ask(url, READ + given)).status, given).toBe(200)
        expect((await ask(url, READ + given)).status, given).toBe(200)
      }
      for (const path of ['/v1/shape/', '/v1//shape', '/v1/%73hape']) {
        expect((await ask(url, `${path}?table=items&offset=-1`)).status).toBe(401)
      }
      expect((await ask(url, '/v1/health')).status).toBe(200)
      expect((await ask(url, '/v1/shape', { method: 'OPTIONS' })).status).toBe(204)
    })
  })

  test('a refusal is for the caller alone: no script of another origin reads it, no cache keeps it', async () => {
    await items.with({ secret: 'right' }, async ({ url }) => {
      const answer = await ask(url, READ, { headers: { origin: 'http://a.example' } })
      expect(json(answer)).toEqual({ message: 'Unauthorized - Invalid API secret' })
      expect(answer.headers['cache-control']).toBe('max-age=0, private, must-revalidate')
      expect(answer.headers).not.toHaveProperty('content-type')
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    })
  })

  test('a body gives no secret', async () => {
    await items.with({ secret: 'right' }, async ({ url }) => {
      const { status } = await ask(url, READ, {
        method: 'POST',
        body: '{"secret":"right","api_secret":"right"}',
      })
      expect(status).toBe(401)
    })
  })
})

describe('other origins (section 2)', () => {
  test('a browser may read the headers that its client needs', async () => {
    for (const path of [READ, '/v1/shape?table=nothing&offset=-1', '/v1/shape']) {
      const { headers } = await ask(items.electric.url, path, { headers: { origin: 'http://a.example' } })
      expect(headers['access-control-allow-origin']).toBe('http://a.example')
      expect(headers['access-control-allow-methods']).toBe('GET, POST, HEAD, DELETE, OPTIONS')
      expect(headers['access-control-expose-headers']?.split(',').sort()).toEqual([
        'electric-cursor',
        'electric-handle',
        'electric-has-data',
        'electric-internal-known-error',
        'electric-offset',
        'electric-schema',
        'electric-snapshot',
        'electric-up-to-date',
        'etag',
        'retry-after',
      ])
    }
    expect((await ask(items.electric.url, READ)).headers['access-control-allow-origin']).toBe('*')
  })

  test('a preflight allows the headers that Electric reads, and no others', async () => {
    const preflight = (asked: string) =>
      ask(items.electric.url, '/v1/shape', {
        method: 'OPTIONS',
        headers: { origin: 'http://a.example', 'access-control-request-headers': asked },
      })
    const allowed = await preflight('If-None-Match, authorization,traceparent')
    expect([allowed.status, allowed.body.length]).toEqual([204, 0])
    expect(allowed.headers['access-control-allow-headers']).toBe('if-none-match,traceparent')
    expect(allowed.headers['access-control-max-age']).toBe('86400')
    expect(allowed.headers['access-control-allow-origin']).toBe('http://a.example')
    expect((await preflight('authorization')).headers).not.toHaveProperty('access-control-allow-headers')
  })
})
