import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { securityHeaders } from './auth/security-headers.ts'
import { createContext } from './context.ts'
import { parseEnv } from './env.ts'
import { listen } from './listen.ts'
import { isLoopback, metricsHandler, showApp, showProcess } from './metrics.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const TOKEN = 'a token that only the collector has'
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

async function start(settings: Record<string, string> = {}) {
  const env = parseEnv({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    ELECTRIC_URL: 'http://127.0.0.1:1',
    ELECTRIC_SECRET: 's'.repeat(16),
    AUTH_SECRET: 's'.repeat(32),
    SHAPE_TOKEN_KEY: JSON.stringify(key),
    PORT: '0',
    LOG_LEVEL: 'silent',
    BUILD_ID: 'this "build"',
    ...settings,
  })
  const ctx = createContext(env)
  closing.push(() => ctx.db.close())
  const app = (_: unknown, res: { statusCode: number; end(): unknown }) => {
    res.statusCode = 418
    res.end()
  }
  const { log } = ctx
  const server = await listen({ env, log, handlers: [metricsHandler(ctx)], app })
  closing.push(() => server.close())
  // The guard knows the server by its port, which is known only now.
  env.PORT = Number(new URL(server.url).port)
  return { ctx, url: `${server.url}/api/metrics` }
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

/** With headers that `fetch` does not let one set. */
async function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const [answer] = await once(request(url, { headers, agent: false }).end(), 'response')
  answer.resume()
  return answer.statusCode
}

test('whoever is on this machine may read, in the words of Prometheus', async () => {
  const { ctx, url } = await start()
  showProcess(ctx)
  showApp(ctx)
  const answer = await fetch(url)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('private, no-store')
  for (const [name, value] of Object.entries(securityHeaders(ctx.env))) {
    expect(answer.headers.get(name)).toBe(value)
  }
  const text = await answer.text()
  for (const line of text.trim().split('\n').filter(Boolean)) {
    expect(line).toMatch(/^# (HELP|TYPE) \w+ .+$|^[a-z_0-9]+(\{(\w+="([^"\\]|\\.)*",?)+\})? (Nan|[-+.e\d]+)$/)
  }
  expect(text).toContain('throughline_build_info{version="0.1.0",build_id="this \\"build\\""} 1')
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
  expect(text).toMatch(/^nodejs_heap_size_used_bytes \d+$/m)
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \S+$/m)
  // No heartbeat, so nothing is known, and nothing is made up.
  expect(text).not.toMatch(/^throughline_replication/m)
})

test('another context shows what is its own', async () => {
  const { ctx } = await start()
  const { url } = await start()
  showApp(ctx)
  expect(await (await fetch(url)).text()).toBe('\n')
})

test('with a token only who has it may read, under whatever name', async () => {
  const { url } = await start({ METRICS_TOKEN: TOKEN })
  expect((await fetch(url, bearer(TOKEN))).status).toBe(200)
  for (const wrong of ['', TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase()]) {
    const answer = await fetch(url, bearer(wrong))
    expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: 'not_found' } }])
  }
  expect((await fetch(url)).status).toBe(404)
  expect((await fetch(url, { headers: { authorization: TOKEN } })).status).toBe(404)
  expect(await statusOf(url, { ...bearer(TOKEN).headers, host: 'app.internal:3000' })).toBe(200)
})

test('behind a proxy everybody comes from this machine, so only a token helps', async () => {
  const behind = { AUTH_MODE: 'accounts', TRUST_PROXY: 'true' }
  expect((await fetch((await start(behind)).url)).status).toBe(404)
  const { url } = await start({ ...behind, METRICS_TOKEN: TOKEN })
  expect((await fetch(url)).status).toBe(404)
  expect((await fetch(url, bearer(TOKEN))).status).toBe(200)
})

test('a page of another name or site may not read, though its browser is on this machine', async () => {
  const { url } = await start()
  expect(await statusOf(url, { host: 'rebound.example' })).toBe(400)
  expect(await statusOf(url, { 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await statusOf(url, { 'x-forwarded-for': '192.0.2.1' })).toBe(400)
})

test('it can be read and nothing else', async () => {
  const { url } = await start()
  const head = await fetch(url, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    expect((await fetch(url, { method })).status).toBe(405)
  }
  const { url: guarded } = await start({ METRICS_TOKEN: TOKEN })
  expect((await fetch(guarded, { method: 'POST' })).status).toBe(404)
})

test('what is beside it is left to others', async () => {
  const { url } = await start()
  expect((await fetch(`${url}?name[]=x`)).status).toBe(200)
  for (const beside of [`${url}/`, `${url}x`, url.replace('/api', '')]) {
    expect((await fetch(beside)).status).toBe(418)
  }
})

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['10.127.0.0.1', false],
  ['fe80::1', false],
  [undefined, false],
])('a connection from %s is from this machine: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected)
})
