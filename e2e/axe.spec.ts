import { AxeBuilder } from '@axe-core/playwright'
import { expect, type Page, test } from 'playwright/test'
import { createSession, createThread, invite, joinAsGuest, localPerson } from './people.ts'
import { composer, messageNodes } from './screen.ts'
import { runToEnd, type Stack, startStack } from './stack.ts'

// No screen and no dialog, filled as people fill them, violates a rule of axe, in either theme, wide or narrow.

let stack: Stack
let token: string
test.beforeAll(async () => {
  stack = await startStack()
  const seeded = await runToEnd(['server/db-command.ts', 'seed'], { DATA_DIR: stack.dataDir })
  expect(seeded.code, seeded.output).toBe(0)
  const owner = await localPerson(stack.url)
  const session_id = await createSession(owner, 'With a guest')
  await createThread(owner, session_id, 'Empty thread')
  await joinAsGuest(stack.url, await invite(owner, session_id), 'Greta Guest')
  token = await invite(owner, session_id)
})
test.afterAll(() => stack?.stop())

const SESSION = 'Checkout times out under load'
const THREAD = 'What is slow'

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of [
    ['wide', { width: 1280, height: 800 }],
    ['at 360 px', { width: 360, height: 720 }],
  ] as const) {
    test(`every screen and dialog is accessible, ${colorScheme}, ${size}`, async ({ browser }) => {
      const context = await browser.newContext({ colorScheme, viewport, reducedMotion: 'reduce' })
      const page = await context.newPage()
      await frontScreens(page)
      await sessionList(page)
      await threadList(page)
      await thread(page)
      await context.close()
    })
  }
}

async function frontScreens(page: Page): Promise<void> {
  await page.goto(`${stack.url}/sign-in`)
  await expect(page.getByRole('textbox', { name: 'Email' })).toBeVisible()
  await check(page, 'sign in')
  await page.goto(`${stack.url}/join#${token}`)
  await expect(page.getByRole('textbox', { name: 'Your name' })).toBeVisible()
  await check(page, 'join')
  await page.goto('about:blank') // the next address differs in its fragment only
  await page.goto(`${stack.url}/join#cut-off`)
  await expect(page.getByRole('heading', { name: 'This is not a whole invitation' })).toBeVisible()
  await check(page, 'join with half a link')
}

async function sessionList(page: Page): Promise<void> {
  await page.goto(stack.url)
  const row = page.getByRole('listitem').filter({ hasText: SESSION })
  await expect(row).toBeVisible()
  await check(page, 'sessions')
  await dialog(page, 'new session', () => page.getByRole('button', { name: 'New session' }).first().click())
  await dialog(page, 'shortcuts', () => page.keyboard.press('?'))
  const openAccount = () => page.getByRole('button', { name: /^Account and settings/ }).click()
  await menu(page, 'account', openAccount)
  await dialog(page, 'own name', async () => {
    await openAccount()
    await page.getByRole('menuitem', { name: 'Change your name' }).click()
  })
  const openActions = () => row.getByRole('button', { name: /^Actions for the session/ }).click()
  await menu(page, 'session', openActions)
  await dialog(page, 'delete session', async () => {
    await openActions()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
  })
}

async function threadList(page: Page): Promise<void> {
  await page.getByRole('link', { name: new RegExp(SESSION) }).click()
  const threads = page.getByRole('navigation', { name: 'Threads' })
  await expect(threads.getByRole('link', { name: new RegExp(THREAD) })).toBeVisible()
  await threads.getByText(/^Archived \(/).click()
  await check(page, 'threads')
  await dialog(page, 'new thread', () => threads.getByRole('button', { name: 'New thread' }).click())
  await dialog(page, 'people', () => page.getByRole('button', { name: /people$/ }).click())
  await dialog(page, 'invite', async () => {
    await page.getByRole('button', { name: 'Invite', exact: true }).click()
    await page.getByRole('button', { name: 'Make a link' }).click()
    await expect(page.getByRole('textbox', { name: 'The invitation link' })).toBeVisible()
  })
  const openActions = () => threads.getByRole('button', { name: `Actions for the thread ${THREAD}` }).click()
  await dialog(page, 'rename thread', async () => {
    await openActions()
    await page.getByRole('menuitem', { name: 'Rename' }).click()
  })
  await dialog(page, 'remove thread', async () => {
    await openActions()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
  })
}

async function thread(page: Page): Promise<void> {
  await page
    .getByRole('link', { name: new RegExp(THREAD) })
    .first()
    .click()
  await expect(messageNodes(page).first()).toBeVisible()
  // All that are in the document at once: the list moves and drops rows as cards open.
  await page
    .getByRole('region', { name: 'Messages' })
    .locator('summary')
    .evaluateAll((cards) => {
      for (const card of cards) (card as HTMLElement).click() // a summary is one
    })
  await check(page, 'thread with messages and tool events')
  await dialog(page, 'search', async () => {
    await page.getByRole('button', { name: /^Search the session/ }).click()
    await page.getByRole('combobox', { name: 'Search the messages' }).fill('pool')
    await expect(page.getByRole('option').first()).toBeVisible()
  })
  await composer(page).fill('@')
  await expect(page.getByRole('listbox')).toBeVisible()
  await check(page, 'mentions')
  await composer(page).fill('x'.repeat(100 * 1024 + 1))
  await check(page, 'a message too long')
  await composer(page).fill('')
  await composer(page).press('ArrowUp')
  await expect(page.getByRole('textbox', { name: 'Edit the message' })).toBeVisible()
  await check(page, 'editing')
  await page.keyboard.press('Escape')
  const own = messageNodes(page)
    .filter({ has: page.getByRole('button', { name: /message of Ada/ }) })
    .last()
  const openActions = async () => {
    await own.hover()
    await own.getByRole('button', { name: /^Actions for the message/ }).click()
  }
  await menu(page, 'message', openActions)
  await dialog(page, 'remove message', async () => {
    await openActions()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
  })
  await page.context().setOffline(true)
  await composer(page).fill('Waits for the network')
  await composer(page).press('Enter')
  await check(page, 'offline')
  await page.context().setOffline(false)
  await expect(page.getByText('1 unsent change')).toHaveCount(0)
}

async function dialog(page: Page, name: string, open: () => Promise<void>): Promise<void> {
  await open()
  await expect(page.getByRole('dialog').or(page.getByRole('alertdialog'))).toBeVisible()
  await check(page, `the dialog “${name}”`)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog').or(page.getByRole('alertdialog'))).toHaveCount(0)
}

async function menu(page: Page, name: string, open: () => Promise<void>): Promise<void> {
  await open()
  await expect(page.getByRole('menu')).toBeVisible()
  await check(page, `the menu “${name}”`)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('menu')).toHaveCount(0)
}

async function check(page: Page, where: string): Promise<void> {
  // The legacy mode looks at this one document, and ours have no frames: half the time.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${where}: ${id}: ${node.target.join(' ')}: ${node.failureSummary}`),
  )
  expect.soft(found).toEqual([])
}
