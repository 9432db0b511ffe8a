import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openCollector, openWire } from '#app/sync/testing.ts'
import { freePort } from '#db/embedded.ts'
import { makeWorld, type World } from '#server/mutations/testing.ts'
import { startStack, type TestApp } from '../testing.ts'
import { talk } from './conversation.ts'
import { allHoldWhatPostgresHolds } from './held.ts'
import { openTab } from './readers.ts'
import { comesToRest, metric } from './rest.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let app: TestApp
let world: World
/** Where wires begin: the app answers for no address that it does not know to be its own. */
let wirePort: number
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack()
  wirePort = await freePort()
  app = await stack.startApp({ publicUrl: `http://127.0.0.1:${wirePort}`, proxy: { keepMs: 200 } })
})
afterAll(() => stack.stop())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await comesToRest(app)
})

/** One tab at the end of a wire, one beside it. */
async function open(target: string, timing = {}) {
  world = await makeWorld(stack.db)
  const wire = await openWire(target, wirePort)
  const wired = openTab({ origin: wire.url, accountId: world.viewer, name: 'at the wire', timing })
  const beside = openTab({ origin: app.url, accountId: world.editor, name: 'beside it' })
  const readers = [wired, beside].flatMap((tab) => [
    tab.follow('chat_messages', world.session_id),
    tab.follow('chat_threads', world.session_id),
    tab.follow('inbox_entries', null),
  ])
  closing.push(() => wire.close(), wired.close, beside.close)
  await allHoldWhatPostgresHolds(stack.db, readers)
  return { wire, wired, beside, readers }
}

const large = (n: number) => `${n} ${'€'.repeat(30_000)}`

describe('a wire that is cut in mid-frame while people write', () => {
  it.each<[string, (n: number) => string, number, number]>([
    ['small', (n) => `message ${n}`, 60, 2_000],
    ['large', large, 25, 250_000],
  ])('loses and doubles nothing of %s answers, wherever that is', async (_size, text, cuts, furthest) => {
    const { wire, wired, beside, readers } = await open(app.url)
    const writer = talk(stack.db, world, text)
    const random = seeded(cuts)
    for (let n = 0; n < cuts; n++) {
      const before = wired.streams()
      wire.cutAfterBytes(1 + random(furthest))
      await expect.poll(() => wired.streams(), { interval: 2 }).toBeGreaterThan(before)
    }
    await writer.stop()
    await allHoldWhatPostgresHolds(stack.db, readers)
    expect(beside.streams()).toBe(1)
    await expect.poll(() => metric(app, 'streams')).toBe(2)
    expect(await metric(app, 'upstream_waits')).toBe(4) // the two of the session, and each one's inbox
  })

  it('loses and doubles nothing where answers are collected on the way', async () => {
    const collector = await openCollector(app.url)
    closing.push(() => collector.close())
    const { wire, wired, readers } = await open(collector.url, { firstByteMs: 100 })
    const writer = talk(stack.db, world)
    const random = seeded(7)
    for (let n = 0; n < 25; n++) {
      const before = wired.streams()
      wire.cutAfterBytes(1 + random(3_000))
      await expect.poll(() => wired.streams(), { interval: 2 }).toBeGreaterThan(before)
    }
    await writer.stop()
    await allHoldWhatPostgresHolds(stack.db, readers)
  })
})

/** Numbers below a bound, the same each time. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
