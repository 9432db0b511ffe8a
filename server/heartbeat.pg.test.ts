import { sql } from 'drizzle-orm'
import { serve } from 'srvx'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { openWire } from '#app/sync/testing.ts'
import { startStack } from '#proxy/testing.ts'
import type { AppContext } from './context.ts'
import { startHeartbeat } from './heartbeat.ts'
import { row, rows } from './mutations/testing.ts'

let stack: Awaited<ReturnType<typeof startStack>>
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const patiently = { timeout: 20_000, interval: 20 }

/** Beats fast, by a clock that the test moves. */
function start(ctx: AppContext, { everyMs = 50 } = {}) {
  const clock = { now: 1_000_000 }
  const heartbeat = startHeartbeat(ctx, { everyMs, now: () => clock.now })
  closing.push(() => heartbeat.stop())
  return { heartbeat, clock }
}

/** Stands before Electric and may answer in its place. */
async function startGate() {
  const { ctx } = await stack.startApp()
  const gate = { url: '', asked: [] as string[], insteadOfElectric: (): Response | undefined => undefined }
  const server = serve({
    hostname: '127.0.0.1',
    port: 0,
    silent: true,
    gracefulShutdown: false,
    fetch: (request) => {
      const { pathname, search } = new URL(request.url)
      gate.asked.push(search)
      return (
        gate.insteadOfElectric() ?? forward(`${ctx.env.ELECTRIC_URL}${pathname}${search}`, request.signal)
      )
    },
  })
  await server.ready()
  gate.url = new URL(server.url ?? '').origin
  closing.push(() => server.close(true))
  return gate
}

async function forward(url: string, signal: AbortSignal): Promise<Response> {
  const { body, status, headers } = await fetch(url, { signal, headers: { 'accept-encoding': 'identity' } })
  return new Response(body, { status, headers })
}

it('says that the stream moves as long as its beats come back', async () => {
  const { ctx } = await stack.startApp()
  const wire = await openWire(ctx.env.ELECTRIC_URL)
  closing.push(() => wire.close())
  const { heartbeat, clock } = start((await stack.startApp({ electricUrl: wire.url })).ctx)
  await expect.poll(heartbeat.electricOk, patiently).toBe(true)
  wire.cut()
  clock.now += 15_000
  expect(heartbeat.electricOk()).toBe(false)
  wire.mend()
  await expect.poll(heartbeat.electricOk, patiently).toBe(true)
})

it('says how long the newest beat was underway and how old it is', async () => {
  const { ctx } = await stack.startApp()
  const wire = await openWire(ctx.env.ELECTRIC_URL)
  closing.push(() => wire.close())
  const behind = (await stack.startApp({ electricUrl: wire.url })).ctx
  wire.cut()
  // The first is the only one.
  const { heartbeat, clock } = start(behind, { everyMs: 600_000 })
  await expect.poll(() => beatOf(behind), patiently).not.toBeUndefined()
  expect(heartbeat.newest()).toBeUndefined()
  clock.now += 20_000
  wire.mend()
  await expect.poll(heartbeat.newest, patiently).toEqual({ underway: 20, age: 20 })
  clock.now += 3_600_000
  expect(heartbeat.newest()).toEqual({ underway: 20, age: 3620 })
})

const beatOf = async ({ instanceId }: AppContext) => {
  const found = await rows<{ beat_at: string }>(
    stack.db,
    sql`select beat_at::text from heartbeats where id = ${instanceId}`,
  )
  return found[0]?.beat_at
}

it('takes no old row for a beat that came back', async () => {
  const gate = await startGate()
  const wire = await openWire(`http://${new URL(stack.appUrl).host}`)
  const databaseUrl = stack.appUrl.replace(new URL(stack.appUrl).host, new URL(wire.url).host)
  const { ctx } = await stack.startApp({ electricUrl: gate.url, databaseUrl })
  closing.push(() => wire.close())
  await row(
    stack.db,
    sql`insert into heartbeats (id, beat_at) values (${ctx.instanceId}, now() - interval '1 minute') returning id`,
  )
  wire.cut()
  const { heartbeat } = start(ctx)
  // It asks for what is new only after it was given what is there.
  await expect.poll(() => gate.asked.some((search) => search.includes('live=true')), patiently).toBe(true)
  expect(heartbeat.electricOk()).toBe(false)
  wire.mend()
  await expect.poll(heartbeat.electricOk, patiently).toBe(true)
})

it('reads again after an answer that ends the stream', async () => {
  const gate = await startGate()
  const { ctx } = await stack.startApp({ electricUrl: gate.url })
  gate.insteadOfElectric = () => new Response('the page of something else')
  const { heartbeat } = start(ctx)
  await expect.poll(() => gate.asked.length, patiently).toBeGreaterThan(0)
  gate.insteadOfElectric = () => undefined
  await expect.poll(heartbeat.electricOk, patiently).toBe(true)
})

it('removes what instances left behind that are long gone', async () => {
  const { ctx } = await stack.startApp()
  const leave = (age: string) =>
    row<{ id: string }>(
      stack.db,
      sql`insert into heartbeats (id, beat_at) values (uuidv7(), now() - ${age}::interval) returning id`,
    )
  const [gone, perhapsBack] = [await leave('25 hours'), await leave('23 hours')]
  const { heartbeat } = start(ctx)
  const ids = async () =>
    (await rows<{ id: string }>(stack.db, sql`select id from heartbeats`)).map(({ id }) => id)
  await expect.poll(ids, patiently).not.toContain(gone.id)
  expect(await ids()).toContain(perhapsBack.id)
  await heartbeat.stop()
  expect(await ids()).not.toContain(ctx.instanceId)
})
