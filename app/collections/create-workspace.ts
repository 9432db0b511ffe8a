import { type MutationInput, type MutationName, mutationInputs } from '#db/inputs/index.ts'
import { createLiveTransport } from '../sync/live-transport.ts'
import { batchDoor, type Mutation, MutationRefused, type MutationResult } from '../sync/mutation-doors.ts'
import { createOutbox } from '../sync/outbox.ts'
import { type OutboxEntry, type OutboxStorage, openOutboxStorage } from '../sync/outbox-storage.ts'
import { createShapeTokens, type TokenScope } from '../sync/shape-tokens.ts'
import { createStore } from '../sync/store.ts'
import { type SyncSource, syncedCollection } from '../sync/synced-collection.ts'
import type { Timing } from '../sync/timing.ts'
import { accounts } from './accounts.ts'
import { transactionSeen } from './confirmation.ts'
import type { View } from './effects.ts'
import { inboxEntries } from './inbox-entries.ts'
import { createOptimism } from './optimism.ts'
import { laneOf } from './registry.ts'
import { type LiveSessionCollections, sessionCollections } from './session-collections.ts'
import type { StartedMutation, UnsentMutation, Workspace } from './workspace.tsx'

export interface WorkspaceOptions {
  accountId: string
  /** The server function's door; throws when the server cannot be reached. */
  send(mutation: Mutation): Promise<{ build: string; result: MutationResult }>
  origin?: string
  fetch?: typeof fetch
  openStorage?: () => Promise<OutboxStorage>
  locks?: LockManager | undefined
  timing?: Partial<Timing>
  retryMs?: number
}

/** Refused, these need nobody's decision: the next one makes up for it. */
const FORGOTTEN_WHEN_REFUSED = new Set<MutationName>(['inbox_entries.markRead'])
/** Refused, these stay on the screen, so that the person can send them again or take back what she wrote. */
const SHOWN_WHEN_REFUSED = new Set<MutationName>(['chat_messages.send'])

/** Everything one account reads and writes in this tab. Browser only; dispose of it on sign-out. */
export function createWorkspace(options: WorkspaceOptions): Workspace {
  const { accountId } = options
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request))
  const origin = options.origin ?? globalThis.location.origin
  const ended = createStore<readonly string[]>([])
  const signedOut = createStore(false)
  const serverBuild = createStore<string | null>(null)
  const open = new Map<string, LiveSessionCollections>()
  const waiting = new Map<string, PromiseWithResolvers<void>>()

  const tokens = createShapeTokens({
    fetch,
    url: `${origin}/api/shape-tokens`,
    whenReadable: (sessionId) => whenCreated(sessionId),
  })
  const transport = createLiveTransport({
    fetch,
    liveUrl: `${origin}/api/live`,
    tokens,
    ...(options.timing && { timing: options.timing }),
  })

  const endScope = (scope: TokenScope, status: number) => {
    if (status === 401) signedOut.set(true)
    if (scope === null || status === 401) return
    if (!ended.getSnapshot().includes(scope)) ended.set([...ended.getSnapshot(), scope])
    const collections = open.get(scope)
    open.delete(scope)
    // After the screens that show them have been left.
    if (collections) setTimeout(() => void cleanUp(Object.values(collections)))
  }
  const source: SyncSource = { transport, shapesUrl: `${origin}/api/shapes`, onEnded: endScope }
  const account = syncedCollection(accounts, null, source)
  const inbox = syncedCollection(inboxEntries, null, source)

  const view: View = {
    accountId,
    account,
    inbox,
    openSession: (sessionId) => open.get(sessionId),
    openSessions: () => open.entries(),
  }
  const optimism = createOptimism(view)

  const outbox = createOutbox({
    accountId,
    openStorage: options.openStorage ?? openOutboxStorage,
    locks: 'locks' in options ? options.locks : globalThis.navigator?.locks,
    ...(options.retryMs !== undefined && { retryMs: options.retryMs }),
    doors: {
      send: async (mutation) => {
        const { build, result } = await options.send(mutation)
        serverBuild.set(build)
        return result
      },
      resend: batchDoor(fetch, `${origin}/api/mutations`, serverBuild.set),
    },
    onApplied: (entry, answer) => void confirm(entry, answer),
    onRefused: (entry, error) => {
      if (!SHOWN_WHEN_REFUSED.has(entry.name)) optimism.undo(entry.id)
      showAll()
      waiting.get(entry.id)?.reject(new MutationRefused(error))
      waiting.delete(entry.id)
      if (FORGOTTEN_WHEN_REFUSED.has(entry.name)) outbox.discard(entry.id)
    },
    onAdopted: () => showAll(),
  })

  const confirm = async (entry: OutboxEntry, answer: Extract<MutationResult, { ok: true }>) => {
    const { txid, awaits } = answer
    if (txid !== null && awaits) {
      const isConnected = () => transport.connection.getSnapshot() === 'live'
      const shownOn = optimism.touched(entry.id)
      const here = [account, inbox, ...Object.values(open.get(entry.lane) ?? {})]
      const awaited = here.filter((each) => each.config.id?.split(' ')[0] === awaits || shownOn.has(each))
      await Promise.all(awaited.map((each) => transactionSeen(each, txid, isConnected)))
    }
    optimism.confirm(entry.id)
    waiting.get(entry.id)?.resolve()
    waiting.delete(entry.id)
  }

  const showAll = () => {
    for (const entry of outbox.entries.getSnapshot()) {
      if (entry.state === 'pending' || SHOWN_WHEN_REFUSED.has(entry.name)) optimism.show(entry)
    }
  }

  // A session made here is readable once the server has it; until then its token would be refused.
  const whenCreated = (sessionId: string) =>
    new Promise<void>((resolve) => {
      const isMade = () =>
        !outbox.entries
          .getSnapshot()
          .some(
            ({ name, lane, state }) =>
              name === 'sessions.create' && lane === sessionId && state === 'pending',
          )
      if (isMade()) return resolve()
      const stop = outbox.entries.subscribe(() => {
        if (!isMade()) return
        stop()
        resolve()
      })
    })

  const joined = inbox.subscribeChanges((changes) => {
    const inserted = new Set(changes.filter(({ type }) => type === 'insert').map(({ key }) => key))
    const still = ended.getSnapshot().filter((sessionId) => !inserted.has(sessionId))
    if (still.length < ended.getSnapshot().length) ended.set(still)
  })
  const networkChanged = () => {
    transport.networkChanged()
    outbox.wake()
  }
  const events = listen(networkChanged)

  return {
    accountId,
    account,
    inbox,
    ended,
    signedOut,
    serverBuild,
    // Made by mutate() or by the release that left it behind: the inputs are what their names say.
    unsent: outbox.entries as unknown as Workspace['unsent'],
    connection: transport.connection,
    durable: outbox.durable,
    session: (sessionId) => {
      const known = open.get(sessionId)
      if (known) return known
      const made = sessionCollections(sessionId, source)
      open.set(sessionId, made)
      // Not during a render; and again as rows arrive, since an edit shows only on the row that it edits.
      queueMicrotask(showAll)
      for (const collection of Object.values(made)) collection.onFirstReady(showAll)
      return made
    },
    mutate: <Name extends MutationName>(name: Name, input: MutationInput<Name>): StartedMutation => {
      const valid = validated(name, input)
      const entry = outbox.add({ name, input: valid }, laneOf(view, name, valid))
      optimism.show(entry)
      const settled = Promise.withResolvers<void>()
      settled.promise.catch(() => {}) // the outbox shows what was refused; nobody has to listen here
      waiting.set(entry.id, settled)
      return { id: entry.id, done: settled.promise }
    },
    retry: (mutationId) => {
      outbox.retry(mutationId)
      showAll()
    },
    discard: (mutationId) => {
      if (!outbox.discard(mutationId)) return
      optimism.undo(mutationId)
      showAll()
    },
    dispose: async () => {
      events.abort()
      joined.unsubscribe()
      transport.close()
      await outbox.close()
      optimism.clear()
      await cleanUp([account, inbox, ...[...open.values()].flatMap((each) => Object.values(each))])
    },
  }
}

function validated<Name extends MutationName>(
  name: Name,
  input: MutationInput<Name>,
): object & UnsentMutation['input'] {
  const parsed = mutationInputs[name].safeParse(input)
  if (parsed.success) return parsed.data
  const fields: Record<string, string[]> = {}
  for (const { path, message } of parsed.error.issues) {
    const field = path.join('.')
    fields[field] = [...(fields[field] ?? []), message]
  }
  const [first = 'This'] = Object.keys(fields)
  throw new MutationRefused({
    code: 'invalid',
    message: `${first} ${fields[first]?.[0] ?? 'is not valid'}.`,
    fields,
  })
}

async function cleanUp(collections: { cleanup(): Promise<void> }[]): Promise<void> {
  await Promise.all(collections.map((each) => each.cleanup()))
}

function listen(networkChanged: () => void): AbortController {
  const listening = new AbortController()
  const { signal } = listening
  globalThis.window?.addEventListener('online', networkChanged, { signal })
  globalThis.window?.addEventListener('offline', networkChanged, { signal })
  globalThis.document?.addEventListener('visibilitychange', networkChanged, { signal })
  return listening
}
