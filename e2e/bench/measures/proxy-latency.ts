import type { Bench } from '../app-bench.ts'
import { type Conversation, startConversation } from '../conversation.ts'
import { shapePath } from '../electric/shape-requests.ts'
import { type Figure, figure } from '../figures.ts'
import { expectOk, type HttpClient } from '../http-client.ts'
import { interleave, timed } from '../interleave.ts'
import type { BarePipeCalls } from '../processes/bare-pipe.ts'
import type { Stack } from '../stack.ts'
import { liveAnswer } from './live-answer.ts'

const SIZES = [
  { messages: 5, characters: 80, turns: 60 },
  { messages: 1000, characters: 360, turns: 20 },
]

/** A shape's snapshot and live answer: through the proxy, through a bare pipe, and from Electric itself. */
export async function proxyLatency(bench: Bench): Promise<Figure[]> {
  const { url } = await bench.app()
  const port = await bench.start<BarePipeCalls>('processes/bare-pipe').call('listen', bench.stack.electricUrl)
  const pipeUrl = `http://127.0.0.1:${port}`
  const figures: Figure[] = []
  for (const size of SIZES) figures.push(...(await snapshot(bench, url, pipeUrl, size)))
  return [...figures, ...(await liveAnswer(bench, url, pipeUrl))]
}

async function snapshot(
  { stack, http, sql, rounds, signal }: Bench,
  appUrl: string,
  pipeUrl: string,
  { messages, characters, turns }: (typeof SIZES)[number],
): Promise<Figure[]> {
  const conversation = await startConversation(appUrl, http)
  await conversation.fill(sql, messages, characters)
  const addresses = await addressesOf(conversation, stack, { appUrl, pipeUrl }, http)
  const size = await bodySize(http, addresses)
  const get = ({ url, headers }: Address) => {
    return () => timed(async () => expectOk(await http.get(url, headers)))
  }
  const [proxy, pipe, direct] = [get(addresses.proxy), get(addresses.pipe), get(addresses.direct)]
  const samples = await interleave(
    { rounds, turns, signal },
    { proxy, pipe, direct, proxyAgain: proxy, pipeAgain: pipe, directAgain: direct },
  )
  const ours = { ours: samples.proxy, oursAgain: samples.proxyAgain }
  const measure = `snapshot of ${size} through the proxy`
  return [
    figure(
      { measure, peerName: 'bare pipe', limit: { times: 1.2 } },
      { ...ours, peer: samples.pipe, peerAgain: samples.pipeAgain },
    ),
    figure(
      { measure, peerName: 'Electric itself' },
      { ...ours, peer: samples.direct, peerAgain: samples.directAgain },
    ),
  ]
}

interface Address {
  url: string
  headers?: Record<string, string>
}

async function addressesOf(
  { sessionId }: Conversation,
  { electricUrl, electricSecret }: Stack,
  { appUrl, pipeUrl }: { appUrl: string; pipeUrl: string },
  http: HttpClient,
): Promise<Record<'proxy' | 'pipe' | 'direct', Address>> {
  const granted = expectOk(await http.post(`${appUrl}/api/shape-tokens`, { session_id: sessionId }))
  const { token } = JSON.parse(granted.toString())
  const path = shapePath(sessionId, { table: 'chat_messages', secret: electricSecret })
  const upstream = (url: string) => `${url}${path}&offset=-1`
  return {
    proxy: {
      url: `${appUrl}/api/shapes/chat_messages?session_id=${sessionId}&offset=-1`,
      headers: { authorization: `Bearer ${token}` },
    },
    pipe: { url: upstream(pipeUrl) },
    direct: { url: upstream(electricUrl) },
  }
}

/** @throws Error unless all three give the same bytes: otherwise nothing is compared. */
async function bodySize(http: HttpClient, addresses: Record<string, Address>): Promise<string> {
  const bodies = []
  for (const { url, headers } of Object.values(addresses)) bodies.push(expectOk(await http.get(url, headers)))
  const [first = Buffer.alloc(0), ...others] = bodies
  if (!others.every((body) => body.equals(first))) throw new Error('The proxy, the pipe and Electric differ.')
  return first.length < 500_000
    ? `${(first.length / 1000).toFixed(1)} KB`
    : `${(first.length / 1e6).toFixed(1)} MB`
}
