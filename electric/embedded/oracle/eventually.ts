import { setTimeout as delay } from 'node:timers/promises'

/** Whatever takes longer never happens: machines under load take seconds. */
const HANGS_AFTER_MS = 60_000

/** @throws Error that names what did not happen */
export async function eventually(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + HANGS_AFTER_MS
  while (!(await within(what, isTrue(), deadline - performance.now()))) {
    if (performance.now() > deadline) throw didNotHappen(what)
    await delay(5)
  }
}

/** @throws Error that names what did not end */
export async function within<T>(what: string, work: T | Promise<T>, ms = 2 * HANGS_AFTER_MS): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(didNotHappen(what)), ms)
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer))
}

function didNotHappen(what: string): Error {
  return new Error(`It did not happen: ${what}.`)
}
