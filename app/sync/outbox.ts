import { v7 as uuidv7 } from 'uuid'
import {
  isWorthRetrying,
  type Mutation,
  type MutationDoors,
  type MutationError,
  type MutationResult,
  withinTime,
} from './mutation-doors.ts'
import { memoryStorage, type OutboxEntry, type OutboxStorage } from './outbox-storage.ts'
import { createStore, type Store } from './store.ts'
import { beginTabLife, type TabLife } from './tab-life.ts'

export interface OutboxOptions {
  accountId: string
  doors: MutationDoors
  openStorage: () => Promise<OutboxStorage>
  locks: LockManager | undefined
  /** Postgres has it. */
  onApplied(entry: OutboxEntry, answer: Extract<MutationResult, { ok: true }>): void
  onRefused(entry: OutboxEntry, error: MutationError): void
  /** Entries that another tab left behind, or this one before it was reloaded. */
  onAdopted(entries: OutboxEntry[]): void
  retryMs?: number
  lookForOrphansMs?: number
}

export interface Outbox {
  entries: Store<readonly OutboxEntry[]>
  /** Whether entries survive this page. */
  durable: Store<boolean>
  add(mutation: Pick<Mutation, 'name' | 'input'>, lane: string): OutboxEntry
  /** Whether the entry is on disk now, for this tab or the next one to send it; waits for the writing to end. */
  kept(id: string): Promise<boolean>
  retry(id: string): void
  discard(id: string): OutboxEntry | undefined
  /** Tries at once what waits for its next try: the network is back, or the person is. */
  wake(): void
  close(): Promise<void>
}

const MAX_RETRY_MS = 30_000
const MAX_BATCH = 50

/** Keeps every change of this tab until the server has answered for it, and sends it again until then. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { accountId, doors, retryMs = 500, lookForOrphansMs = 10_000 } = options
  const tabId = uuidv7()
  const entries = createStore<readonly OutboxEntry[]>([])
  const durable = createStore(true)
  const saved = new Map<string, Promise<void>>()
  const sentBefore = new Set<string>()
  const running = new Set<string>()
  let wakeUp = Promise.withResolvers<void>()
  let closed = false
  let disk: OutboxStorage | undefined

  const opened: Promise<{ storage: OutboxStorage; life: TabLife }> = (async () => {
    const life = await beginTabLife(tabId, options.locks)
    const storage = await options.openStorage().catch(() => {
      durable.set(false)
      return memoryStorage()
    })
    disk = storage
    return { storage, life }
  })()

  // Changes of one entry reach the disk in the order in which they were made.
  const save = (id: string, change: (storage: OutboxStorage) => Promise<void>) => {
    const before = saved.get(id)
    // The first writing begins at once, while the screen is drawn: nothing is sent before it has ended.
    const writing =
      disk && !before ? change(disk) : Promise.all([opened, before]).then(([{ storage }]) => change(storage))
    // The disk is full, say: it is sent all the same, and the person is told.
    const saving = writing.catch(() => durable.set(false))
    saved.set(id, saving)
    return saving
  }
  const replace = (entry: OutboxEntry) => {
    entries.set(entries.getSnapshot().map((each) => (each.id === entry.id ? entry : each)))
    void save(entry.id, (storage) => storage.put(entry))
    return entry
  }
  const forget = (id: string) => {
    entries.set(entries.getSnapshot().filter((each) => each.id !== id))
    sentBefore.delete(id)
    void save(id, (storage) => storage.remove(id)).then(() => saved.delete(id))
  }
  const pendingIn = (lane: string) =>
    entries.getSnapshot().filter((entry) => entry.lane === lane && entry.state === 'pending')

  const settle = (entry: OutboxEntry, result: MutationResult) => {
    if (result.ok) {
      forget(entry.id)
      options.onApplied(entry, result)
    } else if (!isWorthRetrying(result.error)) {
      options.onRefused(replace({ ...entry, state: 'failed', error: result.error }), result.error)
    }
  }

  /** @returns whether there was progress; without, the lane waits before it tries again. */
  const sendFrom = async (lane: string): Promise<boolean> => {
    const batch = pendingIn(lane).slice(0, MAX_BATCH)
    await Promise.all(batch.map(({ id }) => saved.get(id)))
    const [first] = batch
    if (!first) return true
    const isNew = batch.length === 1 && !sentBefore.has(first.id)
    for (const { id } of batch) sentBefore.add(id)
    const results = isNew ? [await withinTime(doors.send(first))] : await doors.resend(batch)
    if (closed) return true
    let settledOne = false
    for (const [index, result] of results.entries()) {
      const entry = batch[index]
      if (!entry) break
      settle(entry, result)
      if (result.ok || !isWorthRetrying(result.error)) settledOne = true
      else break // what follows may build on it
    }
    return settledOne
  }

  const run = async (lane: string) => {
    if (running.has(lane)) return
    running.add(lane)
    for (let failures = 0; !closed && pendingIn(lane).length > 0; ) {
      const progress = await sendFrom(lane).catch(() => false)
      failures = progress ? 0 : failures + 1
      if (!progress) await pause(Math.min(retryMs * 2 ** (failures - 1), MAX_RETRY_MS))
    }
    running.delete(lane)
  }

  const pause = (ms: number) => {
    const time = ms * (0.5 + Math.random() / 2)
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, time)
      void wakeUp.promise.then(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  const takeIn = (found: OutboxEntry[]) => {
    // Tabs that cannot tell who lives take the same entries from each other again and again.
    const known = new Set(entries.getSnapshot().map(({ id }) => id))
    const adopted = found.filter(({ id }) => !known.has(id))
    if (adopted.length === 0 || closed) return
    for (const { id } of adopted) sentBefore.add(id)
    // Ids are made in order of time: what is older comes first.
    entries.set([...entries.getSnapshot(), ...adopted].sort((a, b) => (a.id < b.id ? -1 : 1)))
    options.onAdopted(adopted)
    for (const lane of new Set(adopted.map((entry) => entry.lane))) void run(lane)
  }
  const adoptOrphans = async () => {
    const { storage, life } = await opened
    const alive = await life.alive()
    takeIn(await storage.adopt(accountId, tabId, (id) => !alive.has(id)))
  }
  const lookForOrphans = () => void adoptOrphans().catch(() => {}) // looked for again soon
  lookForOrphans()
  // A page that was reloaded may hold its lock for a moment longer than it lives.
  const soon = setTimeout(lookForOrphans, Math.min(500, lookForOrphansMs))
  const orphanTimer = setInterval(lookForOrphans, lookForOrphansMs)

  return {
    entries,
    durable,
    add: ({ name, input }, lane) => {
      const id = uuidv7()
      const entry: OutboxEntry = {
        id,
        accountId,
        tabId,
        lane,
        name,
        input,
        created_at: new Date(),
        state: 'pending',
      }
      void save(id, (storage) => storage.put(entry))
      entries.set([...entries.getSnapshot(), entry])
      void run(lane)
      return entry
    },
    kept: async (id) => {
      await saved.get(id)
      return durable.getSnapshot()
    },
    retry: (id) => {
      const failed = entries.getSnapshot().find((entry) => entry.id === id && entry.state === 'failed')
      if (!failed) return
      const { error: _, ...entry } = failed
      void run(replace({ ...entry, state: 'pending' }).lane)
    },
    discard: (id) => {
      const failed = entries.getSnapshot().find((entry) => entry.id === id && entry.state === 'failed')
      if (failed) forget(id)
      return failed
    },
    wake: () => {
      wakeUp.resolve()
      wakeUp = Promise.withResolvers()
    },
    close: async () => {
      closed = true
      clearTimeout(soon)
      clearInterval(orphanTimer)
      wakeUp.resolve()
      const { storage, life } = await opened
      await Promise.all(saved.values())
      storage.close()
      life.end()
    },
  }
}
