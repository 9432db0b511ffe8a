import { ACCOUNT_HEADER } from '#db/inputs/account-header.ts'
import { createLiveTransport } from '../sync/live-transport.ts'
import { batchDoor, type Mutation, type MutationResult } from '../sync/mutation-doors.ts'
import { type OutboxStorage, openOutboxStorage } from '../sync/outbox-storage.ts'
import { createShapeTokens, type TokenScope } from '../sync/shape-tokens.ts'
import { createStore } from '../sync/store.ts'
import { syncedCollection } from '../sync/synced-collection.ts'
import type { Timing } from '../sync/timing.ts'
import { accounts } from './accounts.ts'
import { createChanges } from './changes.ts'
import { inboxEntries } from './inbox-entries.ts'
import { byShape, type LiveSessionCollections, sessionCollections } from './session-collections.ts'
import type { Workspace } from './workspace.tsx'

export interface WorkspaceOptions {
  accountId: string
  /** The server function's door; throws when the server cannot be reached. */
  send(mutation: Mutation): Promise<{ build: string; result: MutationResult }>
  origin?: string
  fetch?: typeof fetch
  openStorage?: () => Promise<OutboxStorage>
  locks?: LockManager | undefined
  timing?: Partial<Timing>
  /** First pause before a change is sent again. */
  retryMs?: number
}

/** Everything one account reads and writes in this tab. Browser only; dispose of it on sign-out. */
export function createWorkspace(options: WorkspaceOptions): Workspace {
  const { accountId, timing = {}, openStorage = openOutboxStorage } = options
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request))
  // The cookie is the browser's; this page is one account's, whoever has signed in beside it.
  const asAccount: typeof globalThis.fetch = (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set(ACCOUNT_HEADER, accountId)
    return fetch(input, { ...init, headers })
  }
  const api = `${options.origin ?? globalThis.location.origin}/api`
  const ended = createStore<readonly string[]>([])
  const signedOut = createStore(false)
  const serverBuild = createStore<string | null>(null)
  const open = new Map<string, LiveSessionCollections>()

  const tokens = createShapeTokens({
    fetch: asAccount,
    url: `${api}/shape-tokens`,
    // A session made here is readable once the server has it; until then its token would be refused.
    whenReadable: (sessionId) => changes.whenCreated(sessionId),
  })
  const transport = createLiveTransport({ fetch, liveUrl: `${api}/live`, tokens, timing })

  const onEnded = (scope: TokenScope, status: number) => {
    if (status === 401) signedOut.set(true)
    else if (scope !== null) endSession(scope)
  }
  const endSession = (sessionId: string) => {
    if (!ended.getSnapshot().includes(sessionId)) ended.set([...ended.getSnapshot(), sessionId])
    const collections = open.get(sessionId)
    open.delete(sessionId)
    // After the screens that show them have been left.
    if (collections) setTimeout(() => void cleanUp(Object.values(collections)))
  }
  const source = { transport, shapesUrl: `${api}/shapes`, onEnded }
  const account = syncedCollection(accounts, null, source)
  const inbox = syncedCollection(inboxEntries, null, source)

  const changes = createChanges({
    accountId,
    openStorage,
    locks: 'locks' in options ? options.locks : globalThis.navigator?.locks,
    ...(options.retryMs !== undefined && { retryMs: options.retryMs }),
    view: {
      accountId,
      account,
      inbox,
      openSession: (sessionId) => open.get(sessionId),
      openSessions: () => open.entries(),
    },
    collections: (lane) => {
      const session = open.get(lane)
      return { accounts: account, inbox_entries: inbox, ...(session && byShape(session)) }
    },
    isConnected: () => transport.connection.getSnapshot() === 'live',
    doors: {
      send: async (mutation) => {
        const { build, result } = await options.send(mutation)
        serverBuild.set(build)
        return result
      },
      resend: batchDoor(asAccount, `${api}/mutations`, serverBuild.set),
    },
  })

  const joining = inbox.subscribeChanges((rows) => {
    const joined = new Set(rows.filter(({ type }) => type === 'insert').map(({ key }) => key))
    const still = ended.getSnapshot().filter((sessionId) => !joined.has(sessionId))
    if (still.length < ended.getSnapshot().length) ended.set(still)
  })
  const listening = listen(() => {
    transport.networkChanged()
    changes.wake()
  })

  return {
    accountId,
    account,
    inbox,
    ended,
    signedOut,
    serverBuild,
    connection: transport.connection,
    unsent: changes.unsent,
    durable: changes.durable,
    mutate: changes.mutate,
    retry: changes.retry,
    discard: changes.discard,
    session: (sessionId) => {
      const known = open.get(sessionId)
      if (known) return known
      const made = sessionCollections(sessionId, source)
      open.set(sessionId, made)
      // Not during a render; and again as rows arrive, since an edit shows only on the row that it edits.
      queueMicrotask(changes.showAll)
      for (const collection of Object.values(made)) collection.onFirstReady(changes.showAll)
      return made
    },
    dispose: async () => {
      listening.abort()
      joining.unsubscribe()
      transport.close()
      await changes.close()
      await cleanUp([account, inbox, ...[...open.values()].flatMap((each) => Object.values(each))])
    },
  }
}

async function cleanUp(collections: { cleanup(): Promise<void> }[]): Promise<void> {
  await Promise.all(collections.map((each) => each.cleanup()))
}

function listen(onChange: () => void): AbortController {
  const listening = new AbortController()
  const { signal } = listening
  globalThis.window?.addEventListener('online', onChange, { signal })
  globalThis.window?.addEventListener('offline', onChange, { signal })
  globalThis.document?.addEventListener('visibilitychange', onChange, { signal })
  return listening
}
