import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright/test'
import { createSession, createThread, invite, localPerson } from '../../people.ts'
import { composer, joinAs, openThread } from '../../screen.ts'
import type { Bench } from '../app-bench.ts'
import { expectSameClock } from '../browser/clock.ts'
import { browserUrl, newContext, openBrowser } from '../browser/launch.ts'
import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'

const MESSAGES = 10
const LIMIT = { most: 50 }

/** Two people in two browsers with one thread open: from the click on Send to the text in the other one's document. */
export async function clickToScreen(bench: Bench): Promise<Figure[]> {
  const { sender, other } = await openBoth(bench)
  const said = () => say(sender, other)
  const { rounds, signal } = bench
  const samples = await interleave({ rounds, turns: MESSAGES, signal }, { ours: said, oursAgain: said })
  return [figure({ measure: 'click to the other person’s screen', limit: LIMIT }, samples)]
}

async function openBoth(bench: Bench): Promise<Record<'sender' | 'other', Page>> {
  const url = browserUrl(await bench.app())
  const owner = await localPerson(url)
  const session_id = await createSession(owner, 'Two screens')
  const place = { session_id, thread_id: await createThread(owner, session_id, 'One thread') }
  const browser = await openBrowser(bench)
  const [ours, theirs] = [await newContext(browser), await newContext(browser)]
  const door = await theirs.newPage()
  await joinAs(door, url, await invite(owner, session_id), 'Greta Guest')
  await door.close()
  const [sender, other] = [await openThread(ours, url, place), await openThread(theirs, url, place)]
  for (const page of [sender, other]) {
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor()
    await expectSameClock(page)
  }
  await sender.evaluate(recordClicks)
  return { sender, other }
}

interface Recording {
  clickedAt?: number
  shownAt?: Promise<number>
}

/** Milliseconds. */
async function say(sender: Page, other: Page): Promise<number> {
  const text = `Measured ${randomUUID()}`
  await composer(sender).fill(text)
  await other.evaluate(expectText, text)
  await delay(20 + Math.random() * 20) // nothing of the typing is left to do
  await sender.getByRole('button', { name: 'Send' }).click()
  const shownAt = await other.evaluate(() => (globalThis as Recording).shownAt)
  const clickedAt = await sender.evaluate(() => (globalThis as Recording).clickedAt)
  if (shownAt === undefined || clickedAt === undefined) throw new Error('The click was not seen.')
  return shownAt - clickedAt
}

// These two run in the pages.

function recordClicks(): void {
  const onClick = (event: Event) => {
    ;(globalThis as Recording).clickedAt = performance.timeOrigin + event.timeStamp
  }
  document.addEventListener('click', onClick, { capture: true })
}

function expectText(text: string): void {
  ;(globalThis as Recording).shownAt = new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      const shown = [...document.querySelectorAll('[data-message-id] p')].some(
        (node) => node.textContent === text,
      )
      if (!shown) return
      observer.disconnect()
      resolve(performance.timeOrigin + performance.now())
    })
    observer.observe(document.body, { subtree: true, childList: true, characterData: true })
  })
}
