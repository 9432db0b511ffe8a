import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from 'playwright/test'
import { build } from 'vite'
import { expectSameClock } from './clock.ts'
import { openBarePage } from './launch.ts'
import type { LiveQueryWindow } from './live-query-page.ts'

const ENTRY = fileURLToPath(new URL('./live-query-page.ts', import.meta.url))

type Offering = typeof globalThis & { bench: LiveQueryWindow }

/** Follows a session in a browser, as far as the callback of its live query. */
export interface LiveQueryTab {
  /** When the message was in the callback, on the machine's clock. */
  arrivalOf(messageId: string): Promise<number>
}

export async function openLiveQueryTab(
  context: BrowserContext,
  appUrl: string,
  sessionId: string,
): Promise<LiveQueryTab> {
  const page: Page = await openBarePage(context, appUrl, await bundled())
  await expectSameClock(page)
  await page.evaluate((id) => (globalThis as Offering).bench.follow(id), sessionId) // live-query-page.ts put it there
  return {
    arrivalOf: (messageId) => page.evaluate((id) => (globalThis as Offering).bench.arrivalOf(id), messageId),
  }
}

async function bundled(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, rolldownOptions: { input: ENTRY, output: { codeSplitting: false } } },
  })
  const outputs = Array.isArray(result) ? result : [result]
  for (const each of outputs) {
    if (!('output' in each)) continue
    for (const file of each.output) if (file.type === 'chunk' && file.isEntry) return file.code
  }
  throw new Error('The page was not bundled.')
}
