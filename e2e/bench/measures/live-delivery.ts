import { setTimeout as delay } from 'node:timers/promises'
import { v7 as uuidv7 } from 'uuid'
import type { Bench } from '../app-bench.ts'
import { type BareReader, openBareReader } from '../bare-reader.ts'
import { startConversation } from '../conversation.ts'
import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import { type LiveTab, openLiveTab } from '../live-tab.ts'

const COMMITS = 15
const LONGEST_PAUSE_MS = 20

interface Observers {
  tab: LiveTab
  /** Two, because what lies between them is what nobody can measure. */
  reader: BareReader
  readerAgain: BareReader
}

/** From just before a commit is asked for to its message in another tab, and to a bare reader of the log. */
export async function liveDelivery({ stack, app, http, sql, rounds, signal }: Bench): Promise<Figure[]> {
  const { url } = await app()
  const conversation = await startConversation(url, http)
  const observers: Observers = {
    tab: await openLiveTab(url, conversation.sessionId),
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
    return [
      figure({ ...sought, measure: 'SQL commit to another tab' }, byObserver(inserted)),
      figure({ ...sought, measure: 'message sent to another tab' }, byObserver(sent)),
    ]
  } finally {
    await Promise.all(Object.values(observers).map((each: LiveTab | BareReader) => each.close()))
  }
}

type Observed = Record<'ours' | 'peer' | 'peerAgain', number>

async function observe(
  commit: (id: string) => Promise<void>,
  { tab, reader, readerAgain }: Observers,
): Promise<Observed> {
  // People do not write in step with the stream's own requests.
  await delay(Math.random() * LONGEST_PAUSE_MS)
  const id = uuidv7()
  const askedAt = performance.now()
  const since = async ({ arrivals }: LiveTab | BareReader) => (await arrivals.of(id)) - askedAt
  const seen = Promise.all([since(tab), since(reader), since(readerAgain)])
  const [[ours, peer, peerAgain]] = await Promise.all([seen, commit(id)])
  return { ours, peer, peerAgain }
}

function byObserver(rounds: Observed[][]): Record<keyof Observed, number[][]> {
  const of = (who: keyof Observed) => rounds.map((samples) => samples.map((sample) => sample[who]))
  return { ours: of('ours'), peer: of('peer'), peerAgain: of('peerAgain') }
}
