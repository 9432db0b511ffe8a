import { createLiveQueryCollection } from '@tanstack/db'
import { accounts } from '#app/collections/accounts.ts'
import { chatMessages } from '#app/collections/chat-messages.ts'
import { chatThreads } from '#app/collections/chat-threads.ts'
import { chatToolEvents } from '#app/collections/chat-tool-events.ts'
import { inboxEntries } from '#app/collections/inbox-entries.ts'
import { sessionMembers } from '#app/collections/session-members.ts'
import { sessions } from '#app/collections/sessions.ts'
import { createLiveTransport } from '#app/sync/live-transport.ts'
import { createShapeTokens } from '#app/sync/shape-tokens.ts'
import { syncedCollection } from '#app/sync/synced-collection.ts'
import { Arrivals } from './arrivals.ts'

export interface LiveTab {
  /** Messages in the callback of the query that the screen shows. */
  arrivals: Arrivals
  close(): Promise<void>
}

/** What a tab with a session open follows, without the screen: every shape over one connection. */
export async function openLiveTab(appUrl: string, sessionId: string): Promise<LiveTab> {
  // A browser’s own is one of the window's, whoever calls it.
  const fetch: typeof globalThis.fetch = (...request) => globalThis.fetch(...request)
  const tokens = createShapeTokens({ fetch, url: `${appUrl}/api/shape-tokens` })
  const transport = createLiveTransport({
    fetch,
    liveUrl: `${appUrl}/api/live`,
    tokens,
    isOnline: () => true,
  })
  const source = {
    transport,
    shapesUrl: `${appUrl}/api/shapes`,
    onEnded: (_: unknown, status: number) => {
      throw new Error(`A shape was refused with ${status}.`)
    },
  }
  const messages = syncedCollection(chatMessages, sessionId, source)
  const others = [
    syncedCollection(accounts, null, source),
    syncedCollection(inboxEntries, null, source),
    syncedCollection(sessions, sessionId, source),
    syncedCollection(sessionMembers, sessionId, source),
    syncedCollection(chatThreads, sessionId, source),
    syncedCollection(chatToolEvents, sessionId, source),
  ]
  const inOrder = createLiveQueryCollection((query) =>
    query.from({ message: messages }).orderBy(({ message }) => message.position),
  )
  const arrivals = new Arrivals('the other client')
  const subscription = inOrder.subscribeChanges((changes) => {
    for (const { type, value } of changes) if (type === 'insert') arrivals.record(value.id)
  })
  await Promise.all([inOrder, ...others].map((collection) => collection.preload()))
  return {
    arrivals,
    close: async () => {
      subscription.unsubscribe()
      await Promise.all([inOrder, messages, ...others].map((collection) => collection.cleanup()))
      transport.close()
    },
  }
}
