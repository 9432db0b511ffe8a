import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { must } from '#server/errors.ts'
import { makeWorld, type World } from '#server/mutations/testing.ts'
import { signToken } from '../live/testing.ts'
import { type ProxyOptions, proxyState } from '../process-state.ts'
import { startStack, type TestApp } from '../testing.ts'
import { fill } from './conversation.ts'
import { type ElectricProcess, startElectricProcess } from './electric-process.ts'
import { allHoldWhatPostgresHolds } from './held.ts'
import { LightReader, manySockets } from './light-reader.ts'
import { openTab } from './readers.ts'
import { comesToRest, metric } from './rest.ts'

const MB = 1_000_000
const MESSAGE_BYTES = 100_000
const MAX_HELD_BYTES = 4 * MB

let stack: Awaited<ReturnType<typeof startStack>>
/** Of its own, so that what this process holds is not what Electric does. */
let electric: ElectricProcess
let world: World
const agent = manySockets()
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack()
  const { ctx, stop } = await stack.startApp()
  await stop()
  electric = await startElectricProcess(stack, ctx.env.ELECTRIC_SECRET)
})
afterAll(async () => {
  agent.destroy()
  await electric.stop()
  await stack.stop()
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Somebody who can stop, and two others. */
async function open(proxy: ProxyOptions, once = false) {
  world = await makeWorld(stack.db)
  const options = { keepMs: 200, maxHeldBytes: MAX_HELD_BYTES, ...proxy }
  const app = await stack.startApp({ electricUrl: electric.url, proxy: options })
  const token = await signToken(app, world.viewer, world.session_id)
  const light = { app, agent, token, sessionId: world.session_id }
  const stopped = new LightReader('who stops', { ...light, once })
  const other = new LightReader('who reads on', light)
  const following = [stopped, other].map((reader) => reader.follow())
  const tab = openTab({ origin: app.url, accountId: world.editor })
  const others = [other, tab.follow('chat_messages', world.session_id)]
  closing.push(async () => {
    for (const { close } of [tab, { close: () => [stopped, other].map((each) => each.close()) }]) close()
    await Promise.all(following)
    await comesToRest(app)
    await app.stop()
  })
  await allHoldWhatPostgresHolds(stack.db, [stopped, ...others])
  await expect.poll(() => stopped.streams.length).toBeGreaterThan(0)
  return { app, stopped, others }
}

const write = (megabytes: number) => fill(stack.db, world, (megabytes * MB) / MESSAGE_BYTES, MESSAGE_BYTES)

async function wireOf({ ctx }: TestApp, { streams }: LightReader) {
  return (await proxyState(ctx)).wires.get(must(streams.at(-1), 'it has opened one'))
}

/** Until neither this side nor that nor the network between them has room for more. */
async function writeUntilBlocked(app: TestApp, reader: LightReader): Promise<void> {
  const wire = await wireOf(app, reader) // kept: it may be gone by the time that it is looked at
  do await write(2)
  while (!wire?.isBlocked)
}

describe('a reader who stops', () => {
  it('for a while holds nobody back, costs no memory, and has everything when she goes on', async () => {
    const { app, stopped, others } = await open({})
    stopped.stop()
    await writeUntilBlocked(app, stopped)
    const before = externalBytes()
    for (let n = 0; n < 5; n++) {
      await write(2)
      await allHoldWhatPostgresHolds(stack.db, others)
      expect(await metric(app, 'held_bytes')).toBeLessThan(MAX_HELD_BYTES + MB)
    }
    await expect.poll(() => externalBytes() - before).toBeLessThan(MAX_HELD_BYTES + 4 * MB)
    stopped.goOn()
    await allHoldWhatPostgresHolds(stack.db, [stopped, ...others])
    expect([stopped.streams.length, stopped.refusals]).toEqual([1, []])
  })

  it('for longer than anybody may is cut off, and goes on from her last whole answer', async () => {
    const { app, stopped, others } = await open({ timing: { heartbeatMs: 50, stalledMs: 300 } })
    stopped.stop()
    await writeUntilBlocked(app, stopped)
    await expect.poll(() => wireOf(app, stopped)).toBeUndefined()
    await write(2)
    await allHoldWhatPostgresHolds(stack.db, others)
    stopped.goOn()
    await allHoldWhatPostgresHolds(stack.db, [stopped, ...others])
    expect([stopped.streams.length, stopped.refusals]).toEqual([2, []])
  })

  it('in the middle of a single answer is cut off as well', async () => {
    const timing = { heartbeatMs: 50, stalledMs: 300 }
    const { app, stopped, others } = await open({ timing, maxHeldBytes: 64 * MB }, true)
    stopped.stop()
    const wire = await wireOf(app, stopped)
    await write(9)
    await expect.poll(() => wire?.isBlocked).toBe(true)
    await expect.poll(() => wireOf(app, stopped)).toBeUndefined()
    stopped.goOn()
    await allHoldWhatPostgresHolds(stack.db, [stopped, ...others])
  })
})

function externalBytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().external
}
