import { v7 as uuidv7 } from 'uuid'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { apply, makeWorld, type World } from '#server/mutations/testing.ts'
import { entryAtEnd, openStream } from './live/testing.ts'
import { startStack, type TestApp } from './testing.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let app: TestApp
let world: World

beforeAll(async () => {
  stack = await startStack()
  app = await stack.startApp()
  world = await makeWorld(stack.db)
})
afterAll(() => stack.stop())

/** Values by name, with the labels where there are any. */
async function values(): Promise<Record<string, number>> {
  const lines = (await app.ctx.metrics.metrics()).matchAll(/^throughline_proxy_(\S+) ([\d.]+)$/gm)
  return Object.fromEntries(Array.from(lines, ([, name = '', value]) => [name, Number(value)]))
}

it('metrics say who reads, what that costs Electric, and what was refused', async () => {
  const entry = await entryAtEnd(app, 'a', 'chat_messages', world.viewer, world.session_id)
  const before = await values()
  const streams = [await openStream(app, [entry]), await openStream(app, [{ ...entry, id: 'b' }])]
  expect(await values()).toMatchObject({ streams: 2, live_entries: 2, upstream_waits: 1 })

  await apply(stack.db, world.editor, 'chat_messages.send', {
    id: uuidv7(),
    session_id: world.session_id,
    thread_id: world.thread_id,
    content: 'counted',
  })
  const [one, other] = [await streams[0]?.next(), await streams[1]?.next()]
  const bytes = one?.body.length ?? 0
  expect(other?.body.length).toBe(bytes)
  const since = async (name: string) => ((await values())[name] ?? 0) - (before[name] ?? 0)
  expect(await since('received_bytes_total')).toBe(bytes)
  expect(await since('sent_bytes_total')).toBe(2 * bytes)
  await expect.poll(() => since('joined_total')).toBe(4)
  expect(await since('asked_total')).toBe(2)
  expect((await values()).collapse_ratio).toBeGreaterThan(1)
  expect(await since('token_checks_total')).toBe(1)
  expect(await since('token_cache_hits_total')).toBe(1)

  await streams[0]?.add([{ ...entry, id: 'c', token: 'junk' }])
  expect(await since('errors_total{code="unauthenticated"}')).toBe(1)
  for (const stream of streams) stream.close()
  await expect.poll(values).toMatchObject({ streams: 0, live_entries: 0, upstream_waits: 0, requests: 0 })
  expect(await since('request_seconds_count')).toBe(0)
})
