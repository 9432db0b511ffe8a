import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { shapes } from '#electric/shapes/index.ts'
import { makeWorld, type World } from '#server/mutations/testing.ts'
import { signToken } from '../live/testing.ts'
import { startStack, type TestApp } from '../testing.ts'
import { shapeUrl } from '../upstream/shape-request.ts'
import { fill, say } from './conversation.ts'
import { allHoldWhatPostgresHolds } from './held.ts'
import { LightReader, manySockets } from './light-reader.ts'
import { openPipe, type Pipe } from './pipe.ts'
import { openTab } from './readers.ts'
import { comesToRest, metric } from './rest.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let pipe: Pipe
let app: TestApp
let world: World
const agent = manySockets()
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack({ allowShapeDeletion: true, chunkBytesThreshold: 1_000_000 })
  pipe = await openPipe(() => stack.shapesUrl)
  app = await stack.startApp({ electricUrl: pipe.url })
})
afterAll(async () => {
  agent.destroy()
  await pipe.close()
  await stack.stop()
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function open(count: number) {
  const token = await signToken(app, world.viewer, world.session_id)
  const options = { app, agent, token, sessionId: world.session_id }
  const light = Array.from({ length: count }, (_, n) => new LightReader(`reader ${n}`, options))
  const following = light.map((reader) => reader.follow())
  const tabs = [world.owner, world.editor].map((accountId) => openTab({ origin: app.url, accountId }))
  closing.push(async () => {
    for (const reader of [...light, ...tabs]) reader.close()
    await Promise.all(following)
  })
  const readers = [...light, ...tabs.map((tab) => tab.follow('chat_messages', world.session_id))]
  await allHoldWhatPostgresHolds(stack.db, readers)
  await expect.poll(() => metric(app, 'live_entries')).toBe(readers.length)
  return { light, readers }
}

/** Electric forgets the shape: who follows it must begin anew. */
async function rotate(): Promise<void> {
  const env = { ...app.ctx.env, ELECTRIC_URL: stack.shapesUrl }
  const { status } = await fetch(shapeUrl(env, shapes.chat_messages, world.session_id, {}), {
    method: 'DELETE',
  })
  expect(status).toBe(202)
}

const snapshots = () => pipe.asked.filter((query) => query.get('offset') === '-1').length

describe('a shape that is rotated', () => {
  it('under a thousand readers costs at most two snapshots, and all hold what Postgres holds', async () => {
    world = await makeWorld(stack.db)
    await fill(stack.db, world, 10, 100)
    const { light, readers } = await open(1000)
    for (let n = 1; n <= 2; n++) {
      const before = snapshots()
      await rotate()
      await say(stack.db, world, `after rotation ${n}`)
      await allHoldWhatPostgresHolds(stack.db, readers)
      expect(snapshots() - before).toBeLessThanOrEqual(2)
      expect(new Set(light.map(({ refusals }) => refusals.join()))).toEqual(
        new Set([Array(n).fill(409).join()]),
      )
    }
    await expect.poll(() => metric(app, 'upstream_waits')).toBe(1)
  })

  it('whose rows are many megabytes in several parts costs each part at most twice', async () => {
    world = await makeWorld(stack.db)
    await fill(stack.db, world, 25, 100_000)
    const { readers } = await open(30)
    const before = pipe.asked.length
    await rotate()
    await allHoldWhatPostgresHolds(stack.db, readers)
    const parts = pipe.asked.slice(before).filter((query) => query.get('live') !== 'true')
    const times = Map.groupBy(parts, (query) => query.get('offset') ?? '')
    expect(times.size).toBeGreaterThan(2)
    for (const asked of times.values()) expect(asked.length).toBeLessThanOrEqual(2)
  })

  it('because its table was emptied is empty, and goes on', async () => {
    world = await makeWorld(stack.db)
    const { readers } = await open(50)
    const before = snapshots()
    const owner = postgres(stack.ownerUrl, { max: 1, onnotice: () => {} })
    closing.push(() => owner.end())
    await owner`truncate chat_messages cascade`
    await allHoldWhatPostgresHolds(stack.db, readers)
    await say(stack.db, world, 'the first again')
    await allHoldWhatPostgresHolds(stack.db, readers)
    expect(readers.map(({ held }) => held.size)).toEqual(readers.map(() => 1))
    expect(snapshots() - before).toBeLessThanOrEqual(2)
  })
})

describe('what Electric refuses while many wait for it', () => {
  it('is told to all of them as it is, and they go on when it answers again', async () => {
    world = await makeWorld(stack.db)
    const { light, readers } = await open(50)
    pipe.refusal = { status: 503, headers: { 'retry-after': '2' } }
    const before = pipe.asked.length
    await say(stack.db, world, 'to begin with') // answered; what they wait for next is refused
    await expect.poll(() => light.every(({ refusals }) => refusals.length === 1)).toBe(true)
    expect(new Set(light.map(({ refusals, retryAfter }) => `${refusals} ${retryAfter}`))).toEqual(
      new Set(['503 2']),
    )
    expect(pipe.asked.length - before).toBeLessThanOrEqual(4) // the tabs ask by themselves, too
    pipe.refusal = null
    const following = light.map((reader) => reader.follow())
    closing.unshift(() => Promise.all(following)) // when they are closed
    await say(stack.db, world, 'and on')
    await allHoldWhatPostgresHolds(stack.db, readers)
  })
})

describe('all that', () => {
  it('leaves nothing behind', () => comesToRest(app))
})
