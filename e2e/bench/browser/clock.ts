import type { Page } from 'playwright/test'

/** Milliseconds on the machine's clock, as `performance` has them in Node and in a browser. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now()
}

const ATTEMPTS = 30
const TOLERATED_MS = 1

/** @throws Error when a page's clock is not this process's: times of both could not be compared. */
export async function expectSameClock(page: Page): Promise<void> {
  let closest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = wallClock()
    const there = await page.evaluate(() => performance.timeOrigin + performance.now())
    const outside = Math.max(before - there, there - wallClock())
    closest = Math.min(closest, outside)
  }
  if (closest <= TOLERATED_MS) return
  throw new Error(`The browser’s clock is ${closest.toFixed(1)} ms away from this process’s.`)
}
