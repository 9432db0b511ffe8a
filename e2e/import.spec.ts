import { existsSync } from 'node:fs'
import { expect, test } from 'playwright/test'
import { digests, openDatabase } from './database.ts'
import { runToEnd, type Stack, startStack } from './stack.ts'

// The importer beside people who are looking.

const FOLDER = '../shared/data/legacy/viewer-final'

let stack: Stack
test.beforeAll(async () => {
  stack = await startStack()
})
test.afterAll(() => stack?.stop())

test('an open tab shows the imported sessions at once; a second run changes nothing', async ({ page }) => {
  test.skip(!existsSync(FOLDER), `the legacy files are not at ${FOLDER}`)
  await page.goto(stack.url)
  const sessions = page.getByRole('navigation', { name: 'Sessions' })
  await expect(sessions.getByText('No sessions yet')).toBeVisible()

  expect(await runImport()).toMatchObject({ read: 23, created: 23, unchanged: 0, quarantined: 0 })
  const sql = openDatabase(stack.ownerUrl)
  const counts = await sql`
    select kind, count(*)::int from import_records group by kind order by kind`
  expect(counts.map(({ kind, count }) => [kind, count])).toEqual([
    ['message', 14],
    ['thread', 6],
    ['tool_event', 3],
  ])
  const titles = (await sql<{ title: string }[]>`select title from inbox_entries`).map(({ title }) => title)
  expect(titles.length).toBeGreaterThan(0)
  const rows = sessions.getByRole('listitem').getByRole('link')
  await expect(rows).toHaveCount(titles.length)
  for (const title of titles) await expect(rows.filter({ hasText: title }).first()).toBeVisible()

  const { 'public.import_runs': _, ...before } = await digests(sql)
  expect(await runImport()).toMatchObject({ read: 23, created: 0, updated: 0, unchanged: 23 })
  const { 'public.import_runs': __, ...after } = await digests(sql)
  expect(after).toEqual(before)
  const [runs] = await sql`select count(*)::int from import_runs`
  expect(runs?.count).toBe(2)
  await sql.end()
})

async function runImport(): Promise<unknown> {
  const args = ['bin/launch.mjs', 'server/import-command.ts', 'viewer', FOLDER, '--json']
  const { code, output } = await runToEnd(args, { DATA_DIR: stack.dataDir })
  expect(code, output).toBe(0)
  return JSON.parse(output.trim().split('\n').at(-1) ?? '')
}
