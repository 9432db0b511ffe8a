import { expect, type Page, test } from 'playwright/test'
import { watchLive } from './bench/browser/live-watch.ts'
import { createSession, createThread, localPerson } from './people.ts'
import { composer, openThread, say } from './screen.ts'
import { type Stack, startStack } from './stack.ts'

// One page, several sessions: everything live comes over one connection, which opening the next session leaves alone.

const TITLES = ['First session', 'Second session', 'Third session']

let stack: Stack
let places: { session_id: string; thread_id: string }[]

test.beforeAll(async () => {
  stack = await startStack()
  const owner = await localPerson(stack.url)
  places = []
  for (const title of TITLES) {
    const session_id = await createSession(owner, title)
    places.push({ session_id, thread_id: await createThread(owner, session_id, 'General') })
  }
})
test.afterAll(() => stack?.stop())

/** How often a page has opened a stream, and how often it has changed what one carries. */
function count(page: Page) {
  const counted = { opened: 0, changed: 0 }
  page.on('request', (request) => {
    const { pathname } = new URL(request.url())
    if (pathname === '/api/live') counted.opened++
    if (pathname.startsWith('/api/live/')) counted.changed++
  })
  return counted
}

test('a page follows all its sessions over one connection, opened once', async ({ browser }) => {
  const context = await browser.newContext()
  const [first] = places
  const page = await context.newPage()
  const live = watchLive(page)
  const counted = count(page)
  await page.goto(`${stack.url}/s/${first?.session_id}/t/${first?.thread_id}`)
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible()
  for (const title of TITLES) {
    await page.getByRole('navigation', { name: 'Sessions' }).getByText(title, { exact: true }).click()
    const threads = page.getByRole('navigation', { name: 'Threads' })
    await expect(threads.getByRole('heading', { name: title })).toBeVisible()
    await composer(page).waitFor()
  }
  // Every session is live now: what another page says there arrives, on the same connection.
  const other = await openThread(context, stack.url, places[2] ?? { session_id: '', thread_id: '' })
  await say(other, 'over the one wire')
  await expect(page.getByText('over the one wire').first()).toBeVisible()
  const messages = places.map(({ session_id }) => `chat_messages ${session_id}`)
  expect([...live.followed()]).toEqual(expect.arrayContaining(messages))
  expect([live.open(), live.most(), counted.opened]).toEqual([1, 1, 1])
  expect(counted.changed).toBeGreaterThan(0)
  await context.close()
})
