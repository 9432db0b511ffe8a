import { type BrowserContext, expect, type Page, test } from 'playwright/test'
import { v7 as uuidv7 } from 'uuid'
import { openDatabase } from './database.ts'
import { createSession, createThread, localPerson, mutate, type Person } from './people.ts'
import { composer, joinAs, messageWith, openThread, type Place, say, threadUrl } from './screen.ts'
import { type Stack, startStack, until } from './stack.ts'

// What a person expects of a good chat.

let stack: Stack
let owner: Person
let place: Place
test.beforeAll(async () => {
  stack = await startStack()
  owner = await localPerson(stack.url)
})
test.beforeEach(async () => {
  const session_id = await createSession(owner, `Session ${uuidv7()}`)
  place = { session_id, thread_id: await createThread(owner, session_id, 'A thread') }
})
test.afterAll(() => stack?.stop())

test('with the keyboard alone one begins a session and a thread, writes, searches and edits', async ({
  page,
}) => {
  await page.goto(stack.url)
  await expect(page.getByRole('heading', { name: 'Pick up the thread' })).toBeVisible()
  await page.keyboard.press('Alt+Shift+n')
  await page.getByRole('textbox', { name: 'What is it about?' }).fill('From the keyboard')
  await page.keyboard.press('Enter')
  await expect(page).toHaveTitle('From the keyboard · Throughline')
  await expect(composer(page)).toBeVisible()
  await page.keyboard.press('Alt+n')
  await page.getByRole('textbox', { name: 'Name' }).fill('Second thread')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Write in “Second thread”' })).toBeVisible()

  await page.keyboard.press('Escape')
  await composer(page).blur()
  await page.keyboard.press('c')
  await expect(composer(page)).toBeFocused()
  await page.keyboard.type('First line')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('second line')
  await expect(composer(page)).toHaveValue('First line\nsecond line')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('article').filter({ hasText: 'second line' })).toBeVisible()

  await page.keyboard.press('ArrowUp')
  await page.getByRole('textbox', { name: 'Edit the message' }).fill('Edited line')
  await page.keyboard.press('Enter')
  await expect(messageWith(page, 'Edited line')).toContainText('edited')

  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('combobox', { name: 'Search the messages' }).fill('edited')
  await expect(page.getByRole('option')).toHaveCount(1)
  await page.keyboard.press('Enter')
  await expect(messageWith(page, 'Edited line')).toBeInViewport()

  await page.keyboard.press('Alt+ArrowDown')
  await expect(page.getByRole('textbox', { name: 'Write in “General”' })).toBeVisible()
})

test('shortcuts are told, and Escape closes what is open', async ({ page }) => {
  await page.goto(stack.url)
  await expect(page.getByRole('navigation', { name: 'Sessions' })).toBeVisible()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('a draft is kept for its thread, and survives a reload', async ({ page }) => {
  const other = { ...place, thread_id: await createThread(owner, place.session_id, 'Another thread') }
  await page.goto(threadUrl(stack.url, place))
  await composer(page).fill('Half a thought')
  await page.reload()
  await expect(composer(page)).toHaveValue('Half a thought')
  await page.goto(threadUrl(stack.url, other))
  await expect(composer(page)).toHaveValue('')
  await page.goto(threadUrl(stack.url, place))
  await expect(composer(page)).toHaveValue('Half a thought')
  await composer(page).press('Enter')
  await expect(messageWith(page, 'Half a thought')).toBeVisible()
  await page.reload()
  await expect(messageWith(page, 'Half a thought')).toBeVisible()
  await expect(composer(page)).toHaveValue('')
})

test('markdown is shown as such, code can be copied, and nothing in a message runs', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const content =
    '**Bold**, `code`, [a link](https://example.com)\n\n```ts\nconst a = 1\n```\n\n<img src=x onerror="window.ran = 1">'
  await mutate(owner, 'chat_messages.send', { id: uuidv7(), ...place, content })
  await page.goto(threadUrl(stack.url, place))
  const message = page.getByRole('article')
  await expect(message.locator('strong').filter({ hasText: 'Bold' })).toBeVisible()
  await expect(message.getByRole('link', { name: 'a link' })).toHaveAttribute('rel', /noopener|noreferrer/)
  await message.locator('pre').hover()
  await message.getByRole('button', { name: /^Copy/ }).click()
  expect((await page.evaluate(() => navigator.clipboard.readText())).trim()).toBe('const a = 1')
  expect(await page.evaluate(() => 'ran' in window)).toBe(false)
})

test('a removed message leaves a tombstone, in the other tab too', async ({ context }) => {
  const page = await openThread(context, stack.url, place)
  const other = await openThread(context, stack.url, place)
  await say(page, 'To be removed')
  await expect(messageWith(other, 'To be removed')).toBeVisible()
  const message = messageWith(page, 'To be removed')
  await message.hover()
  await message.getByRole('button', { name: /^Actions for the message/ }).click()
  await page.getByRole('menuitem', { name: 'Remove' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
  for (const tab of [page, other]) {
    await expect(tab.getByText('This message was removed.')).toBeVisible()
    await expect(messageWith(tab, 'To be removed')).toHaveCount(0)
  }
})

test('what was written without a network is shown as sent only once it is', async ({ page, context }) => {
  await page.goto(threadUrl(stack.url, place))
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible()
  await expect(composer(page)).toBeVisible() // only what has been loaded is there without a network
  await context.setOffline(true)
  await expect(page.getByRole('status').filter({ hasText: 'Offline' })).toBeVisible()
  await say(page, 'Written offline')
  await expect(messageWith(page, 'Written offline')).toHaveAttribute('aria-busy', 'true')
  await context.setOffline(false)
  await expect(messageWith(page, 'Written offline')).not.toHaveAttribute('aria-busy')
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible()
})

test('people come by a link, are unread about, lose the right to write, get it back, and are removed', async ({
  page,
  browser,
}) => {
  await page.goto(threadUrl(stack.url, place))
  await page.getByRole('button', { name: 'Invite', exact: true }).click()
  await page.getByRole('button', { name: 'Make a link' }).click()
  const link = await page.getByRole('textbox', { name: 'The invitation link' }).inputValue()
  await page.keyboard.press('Escape')

  const theirs = await browser.newContext()
  const guest = await theirs.newPage()
  await joinAs(guest, stack.url, new URL(link).hash.slice(1), 'Greta Guest')
  await expect(page.getByRole('button', { name: '2 people' })).toBeVisible()

  await unreadIsCounted(guest)
  await refusedSendCanBeRetried(page, guest, theirs)

  await page.getByRole('button', { name: '2 people' }).click()
  await page.getByRole('button', { name: 'Actions for Greta Guest' }).click()
  await page.getByRole('menuitem', { name: 'Remove from the session' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove' }).click()
  await expect(guest.getByRole('heading', { name: 'This session is not open to you' })).toBeVisible()
  await expect(guest.getByText('Said by the owner')).toHaveCount(0)
  await theirs.close()
})

async function unreadIsCounted(guest: Page): Promise<void> {
  await guest.goto(stack.url)
  const row = guest.getByRole('navigation', { name: 'Sessions' }).getByRole('listitem')
  await expect(row).toHaveCount(1)
  await mutate(owner, 'chat_messages.send', { id: uuidv7(), ...place, content: 'Said by the owner' })
  await expect(row.getByText('Said by the owner')).toBeVisible()
  await expect(row.getByText('1 unread')).toBeVisible()
  await expect(guest).toHaveTitle(/^\(1\) /)
  await row.getByRole('link').click()
  await guest.goto(threadUrl(stack.url, place))
  await expect(messageWith(guest, 'Said by the owner')).toBeVisible()
  await expect(guest).not.toHaveTitle(/^\(/)
  await expect(row.getByText('1 unread')).toHaveCount(0)
}

async function refusedSendCanBeRetried(page: Page, guest: Page, theirs: BrowserContext): Promise<void> {
  await theirs.setOffline(true)
  await say(guest, 'Written while it was forbidden')
  await page.getByRole('button', { name: '2 people' }).click()
  await page.getByRole('combobox', { name: 'Role of Greta Guest' }).selectOption('viewer')
  await page.keyboard.press('Escape')
  // Shown at once; what decides is what Postgres holds.
  await until(async () => (await roleOf('Greta Guest')) === 'viewer')
  await theirs.setOffline(false)
  await expect(guest.getByText(/Not sent\./)).toBeVisible()
  await expect(guest.getByText('Written while it was forbidden')).toBeVisible()
  await expect(guest.getByText('To write, ask an owner to make you an editor.')).toBeVisible()
  expect(await sessionActions(guest)).toEqual(['Pin'])

  await page.getByRole('button', { name: '2 people' }).click()
  await page.getByRole('combobox', { name: 'Role of Greta Guest' }).selectOption('editor')
  await page.keyboard.press('Escape')
  await expect(composer(guest)).toBeVisible()
  expect(await sessionActions(guest)).toEqual(['Pin', 'Rename'])
  expect(await sessionActions(page)).toEqual(['Pin', 'Rename', 'Archive', 'Delete'])
  await guest.getByRole('button', { name: 'Retry' }).click()
  await expect(messageWith(page, 'Written while it was forbidden')).toBeVisible()
  await expect(guest.getByText(/Not sent\./)).toHaveCount(0)
}

/** What the menu of the open session offers. */
async function sessionActions(page: Page): Promise<string[]> {
  const row = page.getByRole('navigation', { name: 'Sessions' }).locator('li:has([aria-current="page"])')
  await row.getByRole('button', { name: /^Actions for the session/ }).click()
  await expect(page.getByRole('menu')).toBeVisible()
  const names = await page.getByRole('menuitem').allInnerTexts()
  await page.keyboard.press('Escape')
  return names
}

async function roleOf(name: string): Promise<string | undefined> {
  const sql = openDatabase(stack.ownerUrl)
  const [member] = await sql<{ role: string }[]>`
    select role::text from session_members where session_id = ${place.session_id} and display_name = ${name}`
  await sql.end()
  return member?.role
}

test('the chosen theme is kept, and follows the system until one chooses', async ({ page }) => {
  const ink = () => page.evaluate(() => getComputedStyle(document.body).color)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto(stack.url)
  await expect(page.getByRole('navigation', { name: 'Sessions' })).toBeVisible()
  const light = await ink()
  await page.emulateMedia({ colorScheme: 'dark' })
  const dark = await ink()
  expect(dark).not.toBe(light)
  await page.getByRole('button', { name: /^Account and settings/ }).click()
  await page.getByRole('menuitemradio', { name: 'Light' }).click()
  expect(await ink()).toBe(light)
  await page.reload()
  await expect(page.getByRole('navigation', { name: 'Sessions' })).toBeVisible()
  expect(await ink()).toBe(light)
})

test('at 360 px one goes from sessions to threads to messages and back, and nothing is wider', async ({
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 640 })
  const long = 'averyveryverylongwordwithoutanyspace'.repeat(8)
  await mutate(owner, 'sessions.rename', { id: place.session_id, title: 'Narrow' })
  await mutate(owner, 'chat_messages.send', {
    id: uuidv7(),
    ...place,
    content: `${long}\n\n\`\`\`\n${long}\n\`\`\``,
  })
  await page.goto(stack.url)
  await fits(page)
  await page.getByRole('link', { name: /^Narrow/ }).click()
  await expect(page.getByRole('navigation', { name: 'Threads' })).toBeVisible()
  await fits(page)
  await page
    .getByRole('navigation', { name: 'Threads' })
    .getByRole('link', { name: /A thread/ })
    .click()
  await say(page, 'From a small screen')
  await expect(messageWith(page, 'From a small screen')).toBeInViewport()
  await fits(page)
  await page.getByRole('link', { name: 'All threads' }).click()
  await page.getByRole('link', { name: 'All sessions' }).click()
  await expect(page.getByRole('link', { name: /^Narrow/ })).toBeVisible()
})

async function fits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
}
