import { expect, type Page, test } from 'playwright/test'
import { v7 as uuidv7 } from 'uuid'
import { openDatabase } from './database.ts'
import { localPerson, mutate, type Person } from './people.ts'
import { messageNodes, messageWith, openThread, type Place, say } from './screen.ts'
import { runToEnd, type Stack, startStack } from './stack.ts'

// A thread of 10,000 messages.

const MESSAGES = 10_000
const MOST_NODES = 80

let stack: Stack
let owner: Person
let place: Place
let page: Page
test.describe.configure({ mode: 'serial' })
test.beforeAll(async ({ browser }) => {
  stack = await startStack()
  const seeded = await runToEnd(['server/db-command.ts', 'seed'], { DATA_DIR: stack.dataDir, SEED: 'large' })
  expect(seeded.code, seeded.output).toBe(0)
  owner = await localPerson(stack.url)
  const sql = openDatabase(stack.ownerUrl)
  const [thread] = await sql<[Place & { message_count: number }]>`
    select session_id, id as thread_id, message_count from chat_threads order by message_count desc limit 1`
  await sql.end()
  expect(thread.message_count).toBe(MESSAGES)
  place = { session_id: thread.session_id, thread_id: thread.thread_id }
  page = await openThread(await browser.newContext(), stack.url, place)
  await toLatest()
})
test.afterAll(async () => {
  await page?.context().close()
  await stack?.stop()
})

test('wherever one reads, at most 80 messages are in the document', async () => {
  const seen = new Set<string>()
  for (let step = 0; step <= 10; step++) {
    await list().evaluate((node, part) => node.scrollTo(0, node.scrollHeight * part), 1 - step / 10)
    await expect(async () => expect(await inView()).not.toEqual([])).toPass()
    expect(await messageNodes(page).count()).toBeLessThanOrEqual(MOST_NODES)
    for (const { id } of await inView()) seen.add(id)
  }
  await expect(messageWith(page, 'Message 1')).toBeInViewport()
  expect(seen.size).toBeGreaterThan(11)
})

test('at the end the list follows what is new', async () => {
  await toLatest()
  await sendOverHttp('New, seen at the end')
  await expect(messageWith(page, 'New, seen at the end')).toBeInViewport()
})

test('the place holds when messages arrive below', async () => {
  await scrollTo(0.5)
  const before = await inView()
  for (let n = 0; n < 5; n++) await sendOverHttp(`New, below ${n}`)
  await expect(page.getByRole('button', { name: /^Latest|^New messages/ })).toBeVisible()
  await expect(page.getByRole('navigation', { name: 'Sessions' }).getByText('New, below 4')).toBeVisible()
  await expectSamePlace(before)
})

test('the place holds when a message above grows', async () => {
  const { before, grown } = await placeWithOneAbove()
  const content = `Grown\n\n${'A paragraph more.\n\n'.repeat(8)}`
  await rewrite(grown, content)
  await expect(page.locator(`[data-message-id="${grown}"]`)).toContainText('A paragraph more.')
  await expectSamePlace(before)
})

test('“Latest” leads to the end, and sending does too', async () => {
  await scrollTo(0.3)
  await page.getByRole('button', { name: /^Latest|^New messages/ }).click()
  await expect(messageWith(page, 'New, below 4')).toBeInViewport()
  await scrollTo(0.3)
  await say(page, 'Said from the middle')
  await expect(messageWith(page, 'Said from the middle')).toBeInViewport()
  await expect(messageWith(page, 'Said from the middle')).not.toHaveAttribute('aria-busy')
})

test('search finds an old message and leads to it', async () => {
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('combobox', { name: 'Search the messages' }).fill('Message 4321')
  await expect(page.getByRole('option')).toHaveCount(1)
  await page.keyboard.press('Enter')
  await expect(messageWith(page, 'Message 4321')).toBeInViewport()
  expect(await messageNodes(page).count()).toBeLessThanOrEqual(MOST_NODES)
})

const list = () => page.getByRole('region', { name: 'Messages' })

async function toLatest(): Promise<void> {
  await expect(messageNodes(page).first()).toBeVisible()
  await list().evaluate((node) => node.scrollTo(0, node.scrollHeight))
  await expect(async () => {
    await list().evaluate((node) => node.scrollTo(0, node.scrollHeight))
    await expect(page.getByRole('button', { name: /^Latest|^New messages/ })).toHaveCount(0, { timeout: 500 })
  }).toPass()
}

/** Once what is there has been measured and stands still. */
async function scrollTo(part: number): Promise<void> {
  await list().evaluate((node, to) => node.scrollTo(0, node.scrollHeight * to), part)
  await expect(page.getByRole('button', { name: /^Latest|^New messages/ })).toBeVisible()
  let last = ''
  await expect(async () => {
    const now = JSON.stringify(await inView())
    const isStill = now === last && now !== '[]'
    last = now
    expect(isStill).toBe(true)
  }).toPass()
}

async function expectSamePlace(before: InView[]): Promise<void> {
  const after = new Map((await inView()).map(({ id, top }) => [id, top]))
  for (const { id, top } of before)
    expect(Math.abs((after.get(id) ?? Number.NaN) - top)).toBeLessThanOrEqual(2)
}

interface InView {
  id: string
  top: number
}

/** Messages wholly between the edges of the list. */
function inView(): Promise<InView[]> {
  return list().evaluate((node) => {
    const { top, bottom } = node.getBoundingClientRect()
    return [...node.querySelectorAll('[data-message-id]')].flatMap((each) => {
      const box = each.getBoundingClientRect()
      const isIn = box.top >= top && box.bottom <= bottom
      return isIn ? [{ id: each.getAttribute('data-message-id') ?? '', top: Math.round(box.top - top) }] : []
    })
  })
}

/** Somewhere in the middle where a message is in the document and wholly above what is in view: how many are is chance. */
async function placeWithOneAbove(): Promise<{ before: InView[]; grown: string }> {
  for (const part of [0.5, 0.45, 0.55, 0.4, 0.6, 0.35]) {
    await scrollTo(part)
    const before = await inView()
    const mounted = await messageNodes(page).evaluateAll((nodes) =>
      nodes.map((node) => node.getAttribute('data-message-id') ?? ''),
    )
    // The nearest may still be partly in view, and then what is below it does move.
    const grown = mounted[mounted.indexOf(before[0]?.id ?? '') - 2]
    if (grown) return { before, grown }
  }
  throw new Error('Nowhere is a message above in the document.')
}

/** Whoever wrote it: which author is just above is chance. */
async function rewrite(id: string, content: string): Promise<void> {
  const sql = openDatabase(stack.ownerUrl)
  await sql`update chat_messages set content = ${content} where id = ${id}`
  await sql.end()
}

async function sendOverHttp(content: string): Promise<void> {
  await mutate(owner, 'chat_messages.send', { id: uuidv7(), ...place, content })
}
