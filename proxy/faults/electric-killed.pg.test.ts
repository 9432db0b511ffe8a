import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openWire } from '#app/sync/testing.ts'
import { makeWorld, type World } from '#server/mutations/testing.ts'
import { startStack } from '../testing.ts'
import { fill, say, talk } from './conversation.ts'
import { type ElectricProcess, startElectricProcess } from './electric-process.ts'
import { allHoldWhatPostgresHolds } from './held.ts'
import { openTab, type Tab, type TabReader } from './readers.ts'
import { comesToRest, metric } from './rest.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let electric: ElectricProcess
let world: World
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack()
  const { ctx, stop } = await stack.startApp()
  await stop()
  electric = await startElectricProcess(stack, ctx.env.ELECTRIC_SECRET)
})
afterAll(async () => {
  await electric.stop()
  await stack.stop()
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Two app instances, tabs over live streams on both, and one that does without. */
async function openAll(electricUrl = electric.url) {
  world = await makeWorld(stack.db)
  const apps = [
    await stack.startApp({ electricUrl, proxy: { keepMs: 200 } }),
    await stack.startApp({ electricUrl, proxy: { keepMs: 200 } }),
  ]
  const tabs = apps.flatMap(({ url: origin }, n) => [
    openTab({ origin, accountId: world.viewer, name: `the viewer's at ${n}` }),
    openTab({ origin, accountId: world.editor, name: `the editor's at ${n}` }),
  ])
  tabs.push(...apps.map(({ url: origin }) => openTab({ origin, accountId: world.owner, isPlain: true })))
  const readers = tabs.flatMap(followAll)
  const close = async () => {
    for (const tab of tabs) tab.close()
    for (const app of apps) await comesToRest(app)
    for (const app of apps) await app.stop()
  }
  closing.push(close)
  await allHoldWhatPostgresHolds(stack.db, readers)
  return { apps, tabs, readers }
}

function followAll(tab: Tab): TabReader[] {
  return [
    tab.follow('chat_messages', world.session_id),
    tab.follow('chat_threads', world.session_id),
    tab.follow('sessions', world.session_id),
    tab.follow('inbox_entries', null),
  ]
}

describe('Electric that is killed again and again while people write', () => {
  it.each([
    ['and keeps its shapes', async () => {}],
    ['and forgets them all', () => electric.forget()],
  ])('%s leaves every reader with what Postgres holds', async (_what, whileAway) => {
    const { apps, readers } = await openAll()
    const writer = talk(stack.db, world)
    for (let n = 1; n <= 2; n++) {
      const before = writer.done()
      await electric.kill()
      await whileAway()
      await expect.poll(() => writer.done()).toBeGreaterThan(before)
      await electric.start()
      await expect.poll(() => writer.done()).toBeGreaterThan(before + 5)
    }
    await writer.stop()
    await allHoldWhatPostgresHolds(stack.db, readers)
    // Three of a session, and the inbox of two over the live stream; the third asks for each by herself.
    for (const app of apps) await expect.poll(() => metric(app, 'upstream_waits')).toBe(6)
    for (const app of apps) expect(await metric(app, 'streams')).toBe(2)
    await say(stack.db, world, 'and it goes on')
    await allHoldWhatPostgresHolds(stack.db, readers)
  })

  it('in the middle of a large answer leaves every reader with what Postgres holds', async () => {
    const wire = await openWire(electric.url)
    closing.push(() => wire.close())
    const { readers } = await openAll(wire.url)
    for (const bytes of [500, 700_000]) {
      wire.cutAfterBytes(bytes)
      await fill(stack.db, world, 15, 100_000)
      await allHoldWhatPostgresHolds(stack.db, readers)
    }
  })
})
