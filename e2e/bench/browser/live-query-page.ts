import { openLiveTab } from '../live-tab.ts'

// What runs in the browser: the collections that the app has, and the callback of a live query over them.

/** What the page offers to the process that drives it. */
export interface LiveQueryWindow {
  follow(sessionId: string): Promise<void>
  /** When the message was in the callback, on the machine's clock. */
  arrivalOf(messageId: string): Promise<number>
}

const opened = Promise.withResolvers<Awaited<ReturnType<typeof openLiveTab>>>()

const offered: LiveQueryWindow = {
  follow: async (sessionId) => {
    opened.resolve(await openLiveTab(location.origin, sessionId))
    await opened.promise
  },
  arrivalOf: async (messageId) =>
    performance.timeOrigin + (await (await opened.promise).arrivals.of(messageId)),
}
Object.assign(window, { bench: offered })
