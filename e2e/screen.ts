import { type BrowserContext, expect, type Locator, type Page } from 'playwright/test'

// What a person sees and does, by the names that the screen gives to its parts.

export interface Place {
  session_id: string
  thread_id: string
}

export const threadUrl = (url: string, { session_id, thread_id }: Place): string =>
  `${url}/s/${session_id}/t/${thread_id}`

export async function openThread(context: BrowserContext, url: string, place: Place): Promise<Page> {
  const page = await context.newPage()
  await page.goto(threadUrl(url, place))
  await expect(composer(page)).toBeVisible()
  return page
}

export const composer = (page: Page): Locator => page.getByRole('textbox', { name: /^Write in/ })

/** Types and sends; the message is the tab's to deliver from then on. */
export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text)
  await composer(page).press('Enter')
  await expect(composer(page)).toHaveValue('')
}

/** Message nodes in the document, whether in view or near it. */
export const messageNodes = (page: Page): Locator =>
  page.getByRole('region', { name: 'Messages' }).locator('[data-message-id]')

export const messageWith = (page: Page, text: string): Locator =>
  messageNodes(page).filter({ has: page.getByText(text, { exact: true }) })

export interface ShownMessage {
  id: string | null
  content: string
  isConfirmed: boolean
}

/** Messages in the document, from above to below. */
export function shownMessages(page: Page): Promise<ShownMessage[]> {
  return messageNodes(page).evaluateAll((nodes) =>
    nodes.map((node) => ({
      id: node.getAttribute('data-message-id'),
      content: node.querySelector('p')?.textContent ?? '',
      isConfirmed: node.getAttribute('aria-busy') === null,
    })),
  )
}

/** Follows an invitation's link as somebody new. */
export async function joinAs(page: Page, url: string, token: string, name: string): Promise<void> {
  await page.goto(`${url}/join#${token}`)
  await page.getByRole('textbox', { name: 'Your name' }).fill(name)
  await page.getByRole('button', { name: 'Join as a guest' }).click()
  await page.waitForURL(/\/s\//)
}
