import { type Conversation, startConversation } from '../conversation.ts'
import { type Figure, figure } from '../figures.ts'
import { interleave, timeEach } from '../interleave.ts'
import { quantile } from '../statistics.ts'
import type { Bench } from './index.ts'

const WRITES = 40
const WRITERS = 20
const WRITES_EACH = 4
/** A person who waits longer than this for a write thinks that it was lost. */
const LIMIT = { ms: 500 }

/** A message sent over HTTP, beside its row inserted by one statement; alone, and with many writers in one thread. */
export async function writeLatency(bench: Bench): Promise<Figure[]> {
  const conversation = await startConversation(bench.stack.appUrl, bench.http)
  return [
    ...(await written(bench, conversation, 'one writer', 1, WRITES)),
    ...(await written(bench, conversation, `${WRITERS} writers`, WRITERS, WRITES_EACH)),
  ]
}

async function written(
  { http, sql, rounds, signal }: Bench,
  { send, insert }: Conversation,
  who: string,
  writers: number,
  each: number,
): Promise<Figure[]> {
  const atOnce = async (work: () => Promise<void>) =>
    (await Promise.all(Array.from({ length: writers }, () => timeEach(each, work)))).flat()
  const ours = () => atOnce(() => send(http))
  const peer = () => atOnce(() => insert(sql))
  const samples = await interleave(rounds, { ours, peer, oursAgain: ours, peerAgain: peer }, signal)
  const peerName = 'bare SQL insert'
  return [
    figure({ measure: `write p50, ${who}`, peerName, limit: LIMIT }, samples),
    figure(
      { measure: `write p95, ${who}`, peerName, limit: LIMIT, by: (all) => quantile(all, 0.95) },
      samples,
    ),
  ]
}
