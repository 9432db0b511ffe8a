import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { expect, type Page, test } from 'playwright/test'
import { createSession, createThread, invite, localPerson } from './people.ts'
import { composer, joinAs, messageWith, openThread, say, threadUrl } from './screen.ts'
import { type Stack, startStack } from './stack.ts'

// Domain state is in Postgres: what people do leaves nothing in files of the app and nothing in localStorage.

let stack: Stack
test.beforeAll(async () => {
  stack = await startStack()
})
test.afterAll(() => stack?.stop())

/** What may change while people work: Postgres's files, Electric's, and logs. */
const MAY_CHANGE = /^(postgres|electric|logs)\//

test('a browser run changes no file but those of Postgres, Electric and the logs', async ({
  page,
  browser,
}) => {
  const before = { project: await files(resolve('.')), data: await files(stack.dataDir, sizeAndTime) }
  await visitEverything(page)
  const guest = await browser.newPage()
  const owner = await localPerson(stack.url)
  const session_id = await createSession(owner, 'Visited by a guest')
  await joinAs(guest, stack.url, await invite(owner, session_id), 'Greta Guest')
  await guest.close()

  expect(changed(before.project, await files(resolve('.')))).toEqual([])
  const inData = changed(before.data, await files(stack.dataDir, sizeAndTime))
  expect(inData.filter((path) => !MAY_CHANGE.test(path))).toEqual([])
  expect(inData.filter((path) => path.startsWith('postgres/'))).not.toEqual([])
})

test('localStorage holds drafts and preferences, and nothing else', async ({ page }) => {
  await visitEverything(page)
  const accountId = (await localPerson(stack.url)).accountId
  const kept = await page.evaluate(() => Object.entries({ ...localStorage }))
  const allowed = [new RegExp(`^throughline\\.draft\\.${accountId}\\.[0-9a-f-]{36}$`), /^throughline\.theme$/]
  expect(kept.filter(([key]) => !allowed.some((pattern) => pattern.test(key)))).toEqual([])
  expect(kept.map(([, value]) => value).sort()).toEqual(['A draft that stays', 'dark'])
  expect(
    await page.evaluate(() => Object.keys({ ...sessionStorage }).filter((key) => !/scroll/i.test(key))),
  ).toEqual([])
})

/** Writes, reloads, leaves a draft, chooses a theme. */
async function visitEverything(page: Page): Promise<void> {
  const owner = await localPerson(stack.url)
  const session_id = await createSession(owner, 'A session to visit')
  const place = { session_id, thread_id: await createThread(owner, session_id, 'A thread') }
  const tab = await openThread(page.context(), stack.url, place)
  await say(tab, 'Hello from the browser')
  await expect(messageWith(tab, 'Hello from the browser')).toBeVisible()
  await tab.reload()
  await expect(messageWith(tab, 'Hello from the browser')).toBeVisible()
  await tab.close()
  await page.goto(threadUrl(stack.url, place))
  await composer(page).fill('A draft that stays')
  await page.getByRole('button', { name: /^Account and settings/ }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
}

type Files = Map<string, string>

/** Every file, but what npm, git and the test run itself put there, with what tells that it changed. */
async function files(root: string, trait: (path: string) => Promise<string> = content): Promise<Files> {
  const skipped = new Set(['node_modules', '.git', '.test-results', '.throughline'])
  const found: Files = new Map()
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !skipped.has(entry.name)) await walk(path)
      // Postgres removes files of its own at any time.
      if (entry.isFile()) found.set(relative(root, path), await trait(path).catch(() => 'gone'))
    }
  }
  await walk(root)
  return found
}

async function content(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

async function sizeAndTime(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path)
  return `${size} ${mtimeMs}`
}

function changed(before: Files, after: Files): string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort()
}
