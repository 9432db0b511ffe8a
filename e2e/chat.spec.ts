import { type BrowserContext, expect, type Page, test } from 'playwright/test'
import { v7 as uuidv7 } from 'uuid'
import { openDatabase } from './database.ts'
import {
  createSession,
  createThread,
  invite,
  localPerson,
  mutateUntilAnswered,
  type Person,
} from './people.ts'
import { composer, joinAs, openThread, type Place, say, shownMessages } from './screen.ts'
import { isHealthy, type ServiceName, type Stack, startStack, until } from './stack.ts'

// Two people in three tabs, two of them in one browser, over HTTP/1.1 with every shape live.

/** Tall enough that every message of this file is in the document. */
const VIEWPORT = { width: 1100, height: 9000 }

let stack: Stack
let owner: Person
let place: Place
let contexts: BrowserContext[]
let tabs: { first: Page; second: Page; guest: Page }
/** What was said, by anybody. */
const said: string[] = []

test.describe.configure({ mode: 'serial' })
test.beforeAll(async ({ browser }) => {
  stack = await startStack()
  owner = await localPerson(stack.url)
  const session_id = await createSession(owner, 'Three tabs')
  place = { session_id, thread_id: await createThread(owner, session_id, 'Live') }
  contexts = [
    await browser.newContext({ viewport: VIEWPORT }),
    await browser.newContext({ viewport: VIEWPORT }),
  ]
  const [ours, theirs] = contexts as [BrowserContext, BrowserContext]
  const door = await theirs.newPage()
  await joinAs(door, stack.url, await invite(owner, session_id), 'Greta Guest')
  await door.close()
  tabs = {
    first: await openThread(ours, stack.url, place),
    second: await openThread(ours, stack.url, place),
    guest: await openThread(theirs, stack.url, place),
  }
})
test.afterAll(async () => {
  for (const context of contexts ?? []) await context.close()
  await stack?.stop()
})

test('a message appears in the other tabs in order, exactly once', async () => {
  for (const page of all()) {
    expect(await protocolOf(page)).toBe('http/1.1')
    await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible()
  }
  for (let n = 0; n < 4; n++) {
    for (const [name, page] of Object.entries(tabs)) await speak(page, `Message ${n} from ${name}`)
  }
  await everyTabShowsWhatPostgresHolds()
})

test('how long a write takes is measured', async () => {
  const writes: number[] = []
  const deliveries: number[] = []
  for (let n = 0; n < 10; n++) {
    const text = `Measured message ${n}`
    const arrived = shownAt(tabs.guest, text, { confirmed: false })
    const confirmed = shownAt(tabs.first, text, { confirmed: true })
    const sentAt = Date.now()
    await speak(tabs.first, text)
    writes.push((await confirmed) - sentAt)
    deliveries.push((await arrived) - sentAt)
  }
  report('from Enter to confirmed by Postgres', writes)
  report('from Enter to the other person’s screen', deliveries)
  await everyTabShowsWhatPostgresHolds()
})

test('reloading while writes are in flight loses and doubles nothing', async () => {
  await duringWrites('a reload', async () => {
    await tabs.first.reload()
    await expect(composer(tabs.first)).toBeVisible()
  })
})

for (const name of ['app', 'electric', 'postgres'] satisfies ServiceName[]) {
  test(`killing ${name} while writes are in flight loses and doubles nothing`, async () => {
    await duringWrites(`the end of ${name}`, () => stack.kill(name))
  })
}

const all = (): Page[] => Object.values(tabs)

async function speak(page: Page, text: string): Promise<void> {
  said.push(text)
  await say(page, text)
}

/** People and a program write on while it happens. */
async function duringWrites(what: string, happen: () => Promise<void>): Promise<void> {
  const program = writeOverHttp(`A program during ${what}`)
  for (const [name, page] of Object.entries(tabs)) await speak(page, `From ${name} just before ${what}`)
  await happen()
  for (const [name, page] of Object.entries(tabs)) await speak(page, `From ${name} just after ${what}`)
  await program
  await until(() => isHealthy(stack.url))
  await speak(tabs.guest, `From guest when all is well after ${what}`)
  await everyTabShowsWhatPostgresHolds()
}

async function writeOverHttp(what: string): Promise<void> {
  const writes = Array.from({ length: 5 }, (_, n) => `${what}, ${n}`)
  said.push(...writes)
  for (const content of writes) {
    await mutateUntilAnswered(owner, 'chat_messages.send', { id: uuidv7(), ...place, content })
  }
}

async function everyTabShowsWhatPostgresHolds(): Promise<void> {
  // What was said is there once, before anything is compared with it.
  await until(
    async () => (await held()).length >= said.length,
    60_000,
    () => 'Messages are missing in Postgres.',
  )
  const rows = await held()
  expect(rows.map(({ content }) => content).sort()).toEqual([...said].sort())
  expect(rows.map(({ position }) => position)).toEqual(rows.map((_, index) => index + 1))
  const expected = rows.map(({ id, content }) => ({ id, content, isConfirmed: true }))
  for (const page of all()) {
    await expect(async () => expect(await shownMessages(page)).toEqual(expected)).toPass({ timeout: 60_000 })
    await expect(page.getByText('Not sent')).toHaveCount(0)
  }
}

async function held() {
  const sql = openDatabase(stack.ownerUrl)
  const rows = await sql<{ id: string; content: string; position: number }[]>`
    select id, content, position::int from chat_messages
    where thread_id = ${place.thread_id} order by chat_messages.position`
  await sql.end()
  return [...rows]
}

function protocolOf(page: Page): Promise<string | undefined> {
  return page.evaluate(
    () => performance.getEntriesByType('navigation').map((each) => each.toJSON())[0]?.nextHopProtocol,
  )
}

/** When the message stands on the page, looked for at every frame; with `confirmed`, once Postgres has it. */
async function shownAt(page: Page, text: string, { confirmed }: { confirmed: boolean }): Promise<number> {
  const shown = await page.waitForFunction(
    ([wanted, selector]) => {
      const nodes = [...document.querySelectorAll(selector)]
      return nodes.some((node) => node.querySelector('p')?.textContent === wanted) && Date.now()
    },
    [text, confirmed ? '[data-message-id]:not([aria-busy])' : '[data-message-id]'] as const,
  )
  return Number(await shown.jsonValue())
}

function report(what: string, values: number[]): void {
  const sorted = values.toSorted((a, b) => a - b)
  const description = `${what}: median ${sorted[sorted.length >> 1]} ms, slowest ${sorted.at(-1)} ms`
  test.info().annotations.push({ type: 'measured', description })
  console.log(description)
}
