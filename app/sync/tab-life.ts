/** Which tabs are alive: each holds a lock, which the browser takes from it however it dies. */
export interface TabLife {
  tabId: string
  /** The tabs that are alive now, this one included. */
  alive(): Promise<ReadonlySet<string>>
  end(): void
}

const PREFIX = 'throughline-tab-'

export async function beginTabLife(tabId: string, locks: LockManager | undefined): Promise<TabLife> {
  // Without locks every other tab counts as gone: what two of them send twice is applied once.
  if (!locks) return { tabId, alive: async () => new Set([tabId]), end: () => {} }
  const life = Promise.withResolvers<void>()
  await new Promise<void>((resolve, reject) => {
    locks
      .request(PREFIX + tabId, () => {
        resolve()
        return life.promise
      })
      .catch(reject)
  })
  return {
    tabId,
    alive: async () => {
      const { held = [] } = await locks.query()
      const names = held.map(({ name = '' }) => name).filter((name) => name.startsWith(PREFIX))
      return new Set(names.map((name) => name.slice(PREFIX.length)))
    },
    end: life.resolve,
  }
}
