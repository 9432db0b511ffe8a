import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { insertMessage } from '#db/factories.ts'
import { sessionMemberMutations } from '#server/mutations/session-members.ts'
import { apply, makeWorld, type World } from '#server/mutations/testing.ts'
import { type Entry, entryAtEnd, openStream, signToken, textOf } from '../live/testing.ts'
import { startStack, type TestApp } from '../testing.ts'
import { say, talk } from './conversation.ts'
import { allHoldWhatPostgresHolds, differences } from './held.ts'
import { openTab } from './readers.ts'
import { comesToRest } from './rest.ts'

let stack: Awaited<ReturnType<typeof startStack>>
let apps: TestApp[]
let world: World
const closing: (() => unknown)[] = []

beforeAll(async () => {
  stack = await startStack()
  const options = { proxy: { keepMs: 200 } }
  apps = [await stack.startApp(options), await stack.startApp(options)]
})
afterAll(() => stack.stop())
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  for (const app of apps) await comesToRest(app)
})

function tabOf(accountId: string, at: TestApp, more: { name?: string; fetch?: typeof fetch } = {}) {
  const tab = openTab({ origin: at.url, accountId, ...more })
  closing.push(tab.close)
  return tab
}

describe('a token that expires while people write', () => {
  it('ends only what stands on it, is replaced, and nothing is lost', async () => {
    const [app] = apps as [TestApp]
    const worlds = [await makeWorld(stack.db), await makeWorld(stack.db), await makeWorld(stack.db)]
    const [brief] = worlds as [World]
    // One account in all of them.
    for (const each of worlds.slice(1)) await join(brief.viewer, each)
    let issued = 0
    const tab = tabOf(brief.viewer, app, {
      fetch: async (input, init) => {
        const answer = await fetch(input, init)
        const isItsToken =
          String(input).endsWith('/shape-tokens') && String(init?.body).includes(brief.session_id)
        if (!isItsToken || !answer.ok) return answer
        issued++
        // The tab takes it for one of five minutes, as it would when its clock stood still.
        const token = await signToken(app, brief.viewer, brief.session_id, 700)
        return Response.json({ token, expires_in: 300 })
      },
    })
    const readers = [
      ...worlds.map(({ session_id }) => tab.follow('chat_messages', session_id)),
      tab.follow('chat_threads', brief.session_id),
      tab.follow('inbox_entries', null),
    ]
    const writers = worlds.map((each) => talk(stack.db, each))
    await expect.poll(() => issued).toBeGreaterThan(3)
    await Promise.all(writers.map(({ stop }) => stop()))
    await allHoldWhatPostgresHolds(stack.db, readers)
    expect(tab.streams()).toBe(1)
    expect(readers.map((reader) => reader.endedWith())).toEqual(readers.map(() => undefined))
  })
})

describe('somebody who is removed while people write', () => {
  it('is sent nothing more in any app instance, and the others are not disturbed', async () => {
    world = await makeWorld(stack.db)
    const shapes = ['chat_messages', 'session_members', 'sessions'] as const
    const [hers, theirs] = [world.viewer, world.editor].map((accountId) =>
      apps.map((app) => {
        const tab = tabOf(accountId, app)
        return { tab, readers: shapes.map((shape) => tab.follow(shape, world.session_id)) }
      }),
    ) as [Opened[], Opened[]]
    const all = [...hers, ...theirs].flatMap(({ readers }) => readers)
    await allHoldWhatPostgresHolds(stack.db, all)
    const writer = talk(stack.db, world)
    await expect.poll(() => writer.done()).toBeGreaterThan(5)
    await remove(world.viewer)
    await expect.poll(() => endings(hers)).toEqual([404, 404, 404, 404, 404, 404])
    const afterwards = await say(stack.db, world, 'not for her')
    await writer.stop()
    await allHoldWhatPostgresHolds(
      stack.db,
      theirs.flatMap(({ readers }) => readers),
    )
    expect(theirs.map(({ tab }) => tab.streams())).toEqual([1, 1])
    expect(endings(theirs)).toEqual(theirs.flatMap(({ readers }) => readers.map(() => undefined)))
    for (const { readers } of hers) {
      const held = readers.flatMap((reader) => reader.held.values.map(({ id }) => id))
      expect(held).not.toContain(afterwards)
      expect(readers.flatMap((reader) => reader.held.faults)).toEqual([])
    }
    expect(await differences(stack.db, hers[0]?.readers.slice(0, 1) ?? [])).not.toEqual([])
  })

  it('gets nothing after her last frame, however the removal and a message meet', async () => {
    for (let n = 0; n < 6; n++) {
      world = await makeWorld(stack.db)
      const streams = await Promise.all(apps.map((app) => openBoth(app)))
      const together = n % 2 === 0 ? removeAndWriteAtOnce() : Promise.all([remove(world.viewer), write()])
      await together
      const last = await say(stack.db, world, 'the last')
      for (const stream of streams) {
        const seen = await framesUntilBothAreDone(stream, last)
        const ofHers = seen.filter(({ id }) => id === 'hers')
        expect(ofHers.at(-1)?.status).toBe(401)
        expect(ofHers.filter(({ status }) => status !== 200)).toHaveLength(1)
        expect(ofHers.map(({ text }) => text).join()).not.toContain(last)
        stream.close()
      }
    }
  })
})

type Tab = ReturnType<typeof openTab>
interface Opened {
  tab: Tab
  readers: ReturnType<Tab['follow']>[]
}

const endings = (opened: Opened[]) =>
  opened.flatMap(({ readers }) => readers.map((reader) => reader.endedWith()))

async function join(accountId: string, { token }: World): Promise<void> {
  await apply(stack.db, accountId, 'session_members.join', { token })
}

function remove(account_id: string) {
  return apply(stack.db, world.owner, 'session_members.remove', { session_id: world.session_id, account_id })
}

function write() {
  const { session_id, thread_id, editor: author_account_id } = world
  return stack.db.transaction(null, (tx) =>
    insertMessage(tx, { id: uuidv7(), session_id, thread_id, author_account_id, content: 'meanwhile' }),
  )
}

/** In one transaction. */
function removeAndWriteAtOnce() {
  const { session_id, thread_id, editor: author_account_id, owner: accountId, viewer: account_id } = world
  return stack.db.transaction(accountId, async (tx) => {
    await insertMessage(tx, { session_id, thread_id, author_account_id, content: 'at once' })
    await sessionMemberMutations['session_members.remove'](tx, { accountId }, { session_id, account_id })
  })
}

async function openBoth(app: TestApp) {
  const entries: Entry[] = [
    await entryAtEnd(app, 'hers', 'chat_messages', world.viewer, world.session_id),
    await entryAtEnd(app, 'theirs', 'chat_messages', world.editor, world.session_id),
  ]
  return openStream(app, entries)
}

/** All frames until she was refused and the other one was told of a row. */
async function framesUntilBothAreDone({ next }: Awaited<ReturnType<typeof openBoth>>, row: string) {
  const seen: { id: string; status: number; text: string }[] = []
  const isRefused = () => seen.some(({ id, status }) => id === 'hers' && status !== 200)
  const isTold = () => seen.some(({ id, text }) => id === 'theirs' && text.includes(row))
  while (!isRefused() || !isTold()) {
    const frame = await next()
    if (!frame) throw new Error('The stream has ended.')
    seen.push({ id: frame.id, status: frame.status, text: textOf(frame) })
  }
  return seen
}
