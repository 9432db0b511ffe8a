import { expect, test } from 'vitest'
import { apiSecurityHeaders, createNonce, secure } from './security-headers.ts'

const env = { PUBLIC_URL: 'http://localhost:3000' }
const html = () => new Response('<p>', { headers: { 'content-type': 'text/html; charset=utf-8' } })
const policy = (response: Response) => response.headers.get('content-security-policy') ?? ''

test('a page runs no inline script but those with the nonce of its own answer', () => {
  const nonce = createNonce()
  const scripts = policy(secure(html(), env, { nonce }))
    .split('; ')
    .find((part) => part.startsWith('script-src'))
  expect(scripts).toBe(`script-src 'self' 'nonce-${nonce}'`)
})

test('no two answers have the same nonce', () => {
  expect(new Set(Array.from({ length: 100 }, createNonce)).size).toBe(100)
})

test('an answer that is no page may run nothing at all', () => {
  const json = Response.json({}, { status: 409, headers: { 'set-cookie': 'a=b' } })
  const secured = secure(json, env, { nonce: createNonce() })
  expect(policy(secured)).toBe("default-src 'none'; frame-ancestors 'none'; sandbox")
  expect([secured.status, secured.headers.get('set-cookie')]).toEqual([409, 'a=b'])
})

test('no answer can be framed, sniffed, or tell another site the address it came from', () => {
  for (const response of [html(), Response.json({}), Response.redirect('http://localhost:3000/')]) {
    const secured = secure(response, env, { nonce: 'n' })
    expect(policy(secured)).toContain("frame-ancestors 'none'")
    expect(secured.headers.get('x-content-type-options')).toBe('nosniff')
    expect(secured.headers.get('referrer-policy')).toBe('no-referrer')
  }
})

test('a script gets no policy, because a worker would have to obey it', () => {
  const script = new Response('', { headers: { 'content-type': 'text/javascript' } })
  expect(policy(secure(script, env, { nonce: 'n' }))).toBe('')
})

test('only a server that is reached by TLS demands it', () => {
  const header = (PUBLIC_URL: string) =>
    secure(html(), { PUBLIC_URL }).headers.get('strict-transport-security')
  expect(header('https://talk.example')).toBe('max-age=31536000')
  expect(header('https://localhost.example')).toBe('max-age=31536000')
  expect(header('http://talk.example')).toBeNull()
})

test('a server on localhost demands nothing that would hold for its neighbours', () => {
  for (const host of ['localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000']) {
    const { headers } = secure(html(), { PUBLIC_URL: `https://${host}` })
    expect(headers.get('strict-transport-security')).toBeNull()
  }
})

test('an answer without a body keeps none', () => {
  expect(secure(new Response(null, { status: 304 }), env).body).toBeNull()
})

test.each(['http://localhost:3000', 'https://talk.example'])(
  'what is written to Node directly at %s carries what every other answer does',
  (PUBLIC_URL) => {
    const own = { PUBLIC_URL }
    for (const type of ['application/octet-stream', 'application/json', 'text/plain']) {
      const { headers } = secure(new Response('', { headers: { 'content-type': type } }), own)
      expect(apiSecurityHeaders(own)).toEqual({ ...Object.fromEntries(headers), 'content-type': undefined })
    }
    expect(apiSecurityHeaders(own)).toBe(apiSecurityHeaders(own))
  },
)
