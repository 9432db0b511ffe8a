import { type Browser, type BrowserContext, chromium, type Page } from 'playwright/test'
import { findBrowser } from '../../browser.ts'
import type { Bench } from '../app-bench.ts'

/** Wide enough for sessions, threads and messages side by side. */
const VIEWPORT = { width: 1280, height: 900 }

/** A real browser, closed after the measure. */
export async function openBrowser({ closeLater }: Bench): Promise<Browser> {
  const browser = await chromium.launch(await findBrowser())
  closeLater(() => browser.close())
  return browser
}

export function newContext(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ viewport: VIEWPORT })
}

/** A page of the app's own origin with nothing in it but a script of ours. */
export async function openBarePage(context: BrowserContext, appUrl: string, script = ''): Promise<Page> {
  const address = `${appUrl}/bench`
  const body = `<!doctype html><title>Bench</title><script type="module">${script}</script>`
  await context.route(address, (route) => route.fulfill({ contentType: 'text/html', body }))
  const page = await context.newPage()
  await page.goto(address)
  return page
}

/** Where a browser reaches the app: sign-in cookies and origins go by this name. */
export function browserUrl({ port }: { port: number }): string {
  return `http://localhost:${port}`
}
