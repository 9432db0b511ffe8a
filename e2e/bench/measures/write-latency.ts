import type { Bench } from '../app-bench.ts'
import { type Conversation, startConversation } from '../conversation.ts'
import { type Figure, figure } from '../figures.ts'
import { interleave, timed } from '../interleave.ts'
import { quantile } from '../statistics.ts'

const ALONE = { who: 'one writer', writers: 1, turns: 50 }
const TOGETHER = { who: '20 writers', writers: 20, turns: 5 }
/** A person who waits longer than this for a write thinks that it was lost. */
const LIMIT = { most: 500 }

/** A message sent over HTTP, beside its row inserted by one statement; alone, and with many writers in one thread. */
export async function writeLatency(bench: Bench): Promise<Figure[]> {
  const conversation = await startConversation((await bench.app()).url, bench.http)
  return [...(await written(bench, conversation, ALONE)), ...(await written(bench, conversation, TOGETHER))]
}

async function written(
  { http, sql, rounds, signal }: Bench,
  { send, insert }: Conversation,
  { who, writers, turns }: typeof ALONE,
): Promise<Figure[]> {
  const atOnce = (work: () => Promise<void>) => () =>
    Promise.all(Array.from({ length: writers }, () => timed(work)))
  const ours = atOnce(() => send(http))
  const peer = atOnce(() => insert(sql))
  const blocks = { ours, peer, oursAgain: ours, peerAgain: peer }
  const results = await interleave({ rounds, turns, signal }, blocks)
  const flat = (byRound: number[][][]) => byRound.map((round) => round.flat())
  const samples = {
    ours: flat(results.ours),
    peer: flat(results.peer),
    oursAgain: flat(results.oursAgain),
    peerAgain: flat(results.peerAgain),
  }
  const peerName = 'bare SQL insert'
  return [
    figure({ measure: `write p50, ${who}`, peerName, limit: LIMIT }, samples),
    figure(
      { measure: `write p95, ${who}`, peerName, limit: LIMIT, by: (all) => quantile(all, 0.95) },
      samples,
    ),
  ]
}
