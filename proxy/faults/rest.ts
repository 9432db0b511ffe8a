import { expect } from 'vitest'
import type { TestApp } from '../testing.ts'

/** What the process says of itself; one that nobody has asked for anything says nothing yet. */
export async function metric({ ctx }: TestApp, name: string): Promise<number> {
  const metric = await ctx.metrics.getSingleMetric(`throughline_proxy_${name}`)?.get()
  return metric?.values[0]?.value ?? 0
}

/** Waits until the process has nothing to do for anybody and keeps nothing; with a leak it never comes to that. */
export async function comesToRest(app: TestApp): Promise<void> {
  const names = ['streams', 'live_entries', 'requests', 'upstream_waits', 'held_bytes']
  const measured = () => Promise.all(names.map((name) => metric(app, name)))
  await expect.poll(measured).toEqual(names.map(() => 0))
}
