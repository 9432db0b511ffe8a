import { setTimeout as delay } from 'node:timers/promises'
import { v7 as uuidv7 } from 'uuid'
import type { Bench } from '../app-bench.ts'
import { type BareReader, openBareReader } from '../bare-reader.ts'
import { wallClock } from '../browser/clock.ts'
import { browserUrl, newContext, openBrowser } from '../browser/launch.ts'
import { type LiveQueryTab, openLiveQueryTab } from '../browser/live-query-tab.ts'
import { startConversation } from '../conversation.ts'
import { type Figure, figure, type Samples } from '../figures.ts'
import { interleave } from '../interleave.ts'
import { type LiveTab, openLiveTab } from '../live-tab.ts'

const COMMITS = 15
const LONGEST_PAUSE_MS = 20

interface Observers {
  tab: LiveTab
  browser: LiveQueryTab
  /** Two, because what lies between them is what nobody can measure. */
  reader: BareReader
  readerAgain: BareReader
}

/** From just before a commit is asked for to its message in the callback of a live query, and to a bare reader of the log. */
export async function liveDelivery(bench: Bench): Promise<Figure[]> {
  const { stack, app, http, sql, rounds, signal } = bench
  const { url, port } = await app()
  const conversation = await startConversation(url, http)
  const observers: Observers = {
    tab: await openLiveTab(url, conversation.sessionId),
    browser: await openLiveQueryTab(
      await newContext(await openBrowser(bench)),
      browserUrl({ port }),
      conversation.sessionId,
    ),
    reader: await openBareReader(stack.databaseUrl, 'chat_messages'),
    readerAgain: await openBareReader(stack.databaseUrl, 'chat_messages'),
  }
  try {
    const { inserted, sent } = await interleave(
      { rounds, turns: COMMITS, signal },
      {
        inserted: () => observe((id) => conversation.insert(sql, id), observers),
        sent: () => observe((id) => conversation.send(http, id), observers),
      },
    )
    const sought = { peerName: 'bare replication reader', limit: { times: 8 } }
    const named = { tab: 'a live query in Node', browser: 'a live query in another browser' } as const
    return (['tab', 'browser'] as const).flatMap((where) => [
      figure({ ...sought, measure: `SQL commit to ${named[where]}` }, byObserver(inserted, where)),
      figure({ ...sought, measure: `message sent to ${named[where]}` }, byObserver(sent, where)),
    ])
  } finally {
    const { tab, reader, readerAgain } = observers
    await Promise.all([tab, reader, readerAgain].map((each: LiveTab | BareReader) => each.close()))
  }
}

type Observed = Record<'tab' | 'browser' | 'peer' | 'peerAgain', number>

async function observe(
  commit: (id: string) => Promise<void>,
  { tab, browser, reader, readerAgain }: Observers,
): Promise<Observed> {
  // People do not write in step with the stream's own requests.
  await delay(Math.random() * LONGEST_PAUSE_MS)
  const id = uuidv7()
  const askedAt = wallClock()
  const since = async ({ arrivals }: LiveTab | BareReader) =>
    performance.timeOrigin + (await arrivals.of(id)) - askedAt
  const seen = Promise.all([since(tab), since(reader), since(readerAgain)])
  const [[inNode, peer, peerAgain]] = await Promise.all([seen, commit(id)])
  // The page knows when it was; to be asked before would keep it busy.
  const inBrowser = (await browser.arrivalOf(id)) - askedAt
  return { tab: inNode, browser: inBrowser, peer, peerAgain }
}

function byObserver(rounds: Observed[][], where: 'tab' | 'browser'): Samples {
  const of = (who: keyof Observed) => rounds.map((samples) => samples.map((sample) => sample[who]))
  return { ours: of(where), peer: of('peer'), peerAgain: of('peerAgain') }
}
