import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Mutation, MutationResult } from './mutation-doors.ts'
import { createOutbox, type Outbox, type OutboxOptions } from './outbox.ts'
import { type OutboxEntry, openOutboxStorage } from './outbox-storage.ts'

const account = 'account'
const done: MutationResult = { ok: true, txid: null, awaits: null }
const refusedWith = (code: string): MutationResult => ({ ok: false, error: { code, message: 'because' } })
const open: Outbox[] = []

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((outbox) => outbox.close()))
})

/** The server at the other end: what it was asked, and what it is told to answer. */
function createServer() {
  const server = {
    sent: [] as string[],
    resent: [] as string[][],
    applied: [] as string[],
    send: async (_: Mutation): Promise<MutationResult> => done,
    resend: async (batch: Mutation[]): Promise<MutationResult[]> => batch.map(() => done),
  }
  return server
}

function openOutbox(server: ReturnType<typeof createServer>, options: Partial<OutboxOptions> = {}) {
  const refused: [string, string][] = []
  const adopted: OutboxEntry[] = []
  const outbox = createOutbox({
    accountId: account,
    openStorage: openOutboxStorage,
    locks: navigator.locks,
    retryMs: 1,
    lookForOrphansMs: 5,
    doors: {
      send: (mutation) => {
        server.sent.push(String(mutation.input))
        return server.send(mutation)
      },
      resend: (batch) => {
        server.resent.push(batch.map(({ input }) => String(input)))
        return server.resend(batch)
      },
    },
    onApplied: ({ input }) => server.applied.push(String(input)),
    onRefused: ({ input }, { code }) => refused.push([String(input), code]),
    onAdopted: (entries) => adopted.push(...entries),
    ...options,
  })
  open.push(outbox)
  return { outbox, refused, adopted }
}

const add = (outbox: Outbox, input: string, lane = 'lane') =>
  outbox.add({ name: 'sessions.rename', input }, lane).id

async function onDisk(): Promise<string[]> {
  const storage = await openOutboxStorage()
  const everything = await storage.adopt(account, 'nobody', () => false)
  storage.close()
  expect(everything).toEqual([])
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open('throughline')
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error)
  })
  const entries = await new Promise<OutboxEntry[]>((resolve) => {
    const all = db.transaction('outbox').objectStore('outbox').getAll()
    all.onsuccess = () => resolve(all.result)
  })
  db.close()
  return entries.map(({ input, state }) => `${input} ${state}`)
}

const states = (outbox: Outbox) => outbox.entries.getSnapshot().map(({ input, state }) => `${input} ${state}`)

it('a change is kept once it is on disk, and not where nothing can be written to', async () => {
  const server = createServer()
  server.send = () => new Promise(() => {})
  const { outbox } = openOutbox(server)
  const id = add(outbox, 'a')
  expect(await outbox.kept(id)).toBe(true)
  expect(await onDisk()).toEqual(['a pending'])
  const { outbox: inMemory } = openOutbox(server, {
    openStorage: () => Promise.reject(new Error('forbidden')),
  })
  expect(await inMemory.kept(add(inMemory, 'b'))).toBe(false)
})

describe('a change', () => {
  it('is on disk before it is sent, and gone from it once the server has it', async () => {
    const server = createServer()
    const seen: string[][] = []
    server.send = async () => {
      seen.push(await onDisk())
      return done
    }
    const { outbox } = openOutbox(server)
    add(outbox, 'a')
    expect(states(outbox)).toEqual(['a pending'])
    await expect.poll(() => server.applied).toEqual(['a'])
    expect(seen).toEqual([['a pending']])
    expect(states(outbox)).toEqual([])
    await expect.poll(onDisk).toEqual([])
  })

  it('whose answer was lost is sent again with the same id, by the door that outlives pages', async () => {
    const server = createServer()
    const ids: string[] = []
    server.send = async ({ id }) => {
      ids.push(id)
      throw new TypeError('network error')
    }
    server.resend = async (batch) => {
      ids.push(...batch.map(({ id }) => id))
      return [done]
    }
    const { outbox } = openOutbox(server)
    const id = add(outbox, 'a')
    await expect.poll(() => server.applied).toEqual(['a'])
    expect(ids).toEqual([id, id])
  })

  it.each(['unavailable', 'rate_limited', 'unauthenticated'])(
    'answered %s is tried again until it works',
    async (code) => {
      const server = createServer()
      let tries = 0
      server.send = async () => refusedWith(code)
      server.resend = async () => [++tries < 4 ? refusedWith(code) : done]
      const { outbox, refused } = openOutbox(server)
      add(outbox, 'a')
      await expect.poll(() => server.applied).toEqual(['a'])
      expect([tries, refused]).toEqual([4, []])
    },
  )

  it.each(['forbidden', 'not_found', 'conflict', 'invalid', 'too_large'])(
    'refused as %s waits for the person, over a reload too, and holds nothing else up',
    async (code) => {
      const server = createServer()
      server.send = async ({ input }) => (input === 'a' ? refusedWith(code) : done)
      const { outbox, refused } = openOutbox(server)
      add(outbox, 'a')
      await expect.poll(() => refused).toEqual([['a', code]])
      add(outbox, 'b')
      await expect.poll(() => server.applied).toEqual(['b'])
      expect(states(outbox)).toEqual(['a failed'])
      await expect.poll(onDisk).toEqual(['a failed'])
      await outbox.close()
      const { outbox: next } = openOutbox(server)
      await expect.poll(() => next.entries.getSnapshot()[0]?.error?.code).toBe(code)
      expect(server.resent).toEqual([])
    },
  )

  it('that failed can be sent again or forgotten', async () => {
    const server = createServer()
    server.send = async () => refusedWith('forbidden')
    const { outbox, refused } = openOutbox(server)
    const [a, b] = [add(outbox, 'a', '1'), add(outbox, 'b', '2')]
    await expect.poll(() => refused.length).toBe(2)
    outbox.retry(a)
    outbox.discard(b)
    await expect.poll(() => server.applied).toEqual(['a'])
    expect(states(outbox)).toEqual([])
    await expect.poll(onDisk).toEqual([])
  })

  it('that is under way cannot be forgotten', async () => {
    const server = createServer()
    server.send = () => new Promise(() => {})
    const { outbox } = openOutbox(server)
    expect(outbox.discard(add(outbox, 'a'))).toBeUndefined()
    expect(states(outbox)).toEqual(['a pending'])
  })
})

describe('changes', () => {
  it('of one lane go in their order, those of others do not wait for them', async () => {
    const server = createServer()
    const first = Promise.withResolvers<MutationResult>()
    server.send = async ({ input }) => (input === 'a1' ? first.promise : done)
    const { outbox } = openOutbox(server)
    for (const input of ['a1', 'a2', 'a3']) add(outbox, input, 'a')
    add(outbox, 'b1', 'b')
    await expect.poll(() => server.applied).toEqual(['b1'])
    first.resolve(done)
    await expect.poll(() => server.applied).toEqual(['b1', 'a1', 'a2', 'a3'])
  })

  it('that have gathered go as a batch, and what may build on an unanswered one waits with it', async () => {
    const server = createServer()
    let isDown = true
    server.send = async () => {
      throw new TypeError('network error')
    }
    server.resend = async (batch) => {
      if (isDown) throw new TypeError('network error')
      const answers = batch.map(({ input }) =>
        input === '2' && server.applied.length < 2 ? refusedWith('unavailable') : done,
      )
      return answers
    }
    const { outbox } = openOutbox(server)
    for (const input of ['1', '2', '3']) add(outbox, input)
    await expect.poll(() => server.resent.length).toBeGreaterThan(2)
    isDown = false
    await expect.poll(() => server.applied[0]).toBe('1')
    expect(server.applied).toEqual(['1'])
    server.resend = async (batch) => batch.map(() => done)
    await expect.poll(() => server.applied).toEqual(['1', '2', '3'])
  })

  it('go at once when the outbox is woken', async () => {
    const server = createServer()
    server.send = async () => {
      throw new TypeError('network error')
    }
    const { outbox } = openOutbox(server, { retryMs: 1_000_000 })
    add(outbox, 'a')
    await expect.poll(() => server.sent).toEqual(['a'])
    await expect
      .poll(() => {
        outbox.wake()
        return server.applied
      })
      .toEqual(['a'])
  })
})

describe('what a tab leaves behind', () => {
  it('is sent by the next one, older things first', async () => {
    const server = createServer()
    server.send = () => new Promise(() => {})
    const { outbox: first } = openOutbox(server)
    for (const input of ['1', '2', '3']) add(first, input)
    await expect.poll(() => server.sent).toEqual(['1'])
    await first.close()
    const { adopted } = openOutbox(server)
    await expect.poll(() => server.applied).toEqual(['1', '2', '3'])
    expect(adopted.map(({ input }) => input)).toEqual(['1', '2', '3'])
  })

  it('is taken by one of the tabs that are there, when it closes', async () => {
    const server = createServer()
    server.send = () => new Promise(() => {})
    const { outbox: first } = openOutbox(server)
    const others = [openOutbox(server), openOutbox(server)]
    add(first, 'a')
    await expect.poll(() => server.sent).toEqual(['a'])
    await first.close()
    await expect.poll(() => server.applied).toEqual(['a'])
    expect(others.flatMap(({ adopted }) => adopted.map(({ input }) => input))).toEqual(['a'])
  })

  it('stays its own while it lives, and is no other account’s ever', async () => {
    const server = createServer()
    server.send = () => new Promise(() => {})
    const { outbox: first } = openOutbox(server)
    const { adopted: beside } = openOutbox(server)
    add(first, 'a')
    await expect.poll(() => server.sent).toEqual(['a'])
    const { adopted: another } = openOutbox(server, { accountId: 'another' })
    await first.close()
    await expect.poll(() => beside.length).toBe(1)
    expect(another).toEqual([])
  })
})

describe('without locks, as on a page that came over plain HTTP', () => {
  it('tabs that take a change from each other show it once each', async () => {
    const server = createServer()
    server.send = async () => refusedWith('forbidden')
    server.resend = async (batch) => batch.map(() => refusedWith('forbidden'))
    const taken: string[] = []
    const counting = async () => {
      const storage = await openOutboxStorage()
      const adopt: typeof storage.adopt = async (...args) => {
        const found = await storage.adopt(...args)
        taken.push(...found.map(({ id }) => id))
        return found
      }
      return { ...storage, adopt }
    }
    const { outbox: first } = openOutbox(server, { locks: undefined, openStorage: counting })
    const { outbox: second } = openOutbox(server, { locks: undefined, openStorage: counting })
    add(first, 'a')
    await expect.poll(() => taken.length).toBeGreaterThan(3)
    expect(states(first).length).toBe(1)
    expect(states(second).length).toBe(1)
  })
})

describe('without IndexedDB', () => {
  it('changes are sent all the same, and it is said that they do not outlive the page', async () => {
    const server = createServer()
    const { outbox } = openOutbox(server, { openStorage: () => Promise.reject(new DOMException('no')) })
    add(outbox, 'a')
    await expect.poll(() => server.applied).toEqual(['a'])
    expect(outbox.durable.getSnapshot()).toBe(false)
  })
})
