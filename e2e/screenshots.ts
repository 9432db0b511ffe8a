import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright/test'
import { ensureBuild } from '#server/build.ts'
import { leaveLauncher } from '#server/leave-launcher.ts'
import { findBrowser } from './browser.ts'
import { runToEnd, startStack } from './stack.ts'

// Pictures of the seeded app: `node bin/launch.mjs e2e/screenshots.ts <folder>`.

const SIZES = { wide: { width: 1360, height: 850 }, narrow: { width: 390, height: 800 } }
const THEMES = ['light', 'dark'] as const

const folder = process.argv[2]
if (!folder) {
  console.error('Say into which folder: node bin/launch.mjs e2e/screenshots.ts <folder>')
  process.exitCode = 1
} else {
  await ensureBuild(console.log)
  await takeAll(resolve(folder))
}
leaveLauncher()

async function takeAll(into: string): Promise<void> {
  await mkdir(into, { recursive: true })
  const stack = await startStack()
  const browser = await chromium.launch(await findBrowser())
  try {
    const seeded = await runToEnd(['server/db-command.ts', 'seed'], { DATA_DIR: stack.dataDir })
    if (seeded.code !== 0) throw new Error(seeded.output)
    for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
      for (const theme of THEMES) {
        await take(browser, stack.url, { size, theme, file: join(into, `${size}-${theme}.png`) })
      }
    }
  } finally {
    await browser.close()
    await stack.stop()
  }
}

interface Picture {
  size: keyof typeof SIZES
  theme: (typeof THEMES)[number]
  file: string
}

async function take(browser: Browser, url: string, { size, theme, file }: Picture): Promise<void> {
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: theme,
    deviceScaleFactor: 2,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  await page.goto(url)
  await openBusySession(page)
  await page.screenshot({ path: file })
  console.log(file)
  await context.close()
}

async function openBusySession(page: Page): Promise<void> {
  const sessions = page.getByRole('navigation', { name: 'Sessions' })
  await sessions.getByRole('link', { name: 'Checkout times out under load' }).click()
  const threads = page.getByRole('navigation', { name: 'Threads' })
  await threads.getByRole('link', { name: 'What is slow' }).click()
  await page.getByRole('article').first().waitFor()
  await page.evaluate(() => document.fonts.ready)
}
