import type { Bench } from '../app-bench.ts'
import { shapePath } from '../electric/shape-requests.ts'
import { type Figure, figure } from '../figures.ts'
import { expectOk, type HttpClient } from '../http-client.ts'
import { interleave, timed } from '../interleave.ts'
import type { BarePipeCalls } from '../processes/bare-pipe.ts'
import { messagesPath, tokenIssuer } from '../readers.ts'
import { newSessions, type Place } from '../sessions.ts'
import type { Stack } from '../stack.ts'
import { liveAnswer } from './live-answer.ts'

// The proxy keeps an answer for a moment, for those who ask the same. To measure the pipe each small one is asked for
// once, and of the large ones there are more than are kept. What is gained by keeping is one more row, without a bar.
const SIZES = [
  { messages: 5, characters: 80, turns: 60, shapes: Number.POSITIVE_INFINITY },
  { messages: 11, characters: 90_000, turns: 20, shapes: 150 },
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
  bench: Bench,
  appUrl: string,
  pipeUrl: string,
  { messages, characters, turns, shapes }: (typeof SIZES)[number],
): Promise<Figure[]> {
  const { stack, http, sql, rounds, signal } = bench
  const count = Math.min(shapes, (rounds + 1) * turns * 2 + 1)
  const [kept, ...places] = await newSessions(sql, count, { messages, characters })
  if (!kept) throw new RangeError('There is nothing to ask for.')
  const addresses = await addressesOf(stack, { appUrl, pipeUrl }, places)
  await introduce(http, addresses)
  const [same] = await addressesOf(stack, { appUrl, pipeUrl }, [kept])
  const size = await bodySize(http, same ?? {})
  const get = ({ url, headers }: Address) => timed(async () => expectOk(await http.get(url, headers)))
  const inTurn = (name: keyof Addresses) => {
    let next = 0
    return () => get(addresses[next++ % addresses.length]?.[name] ?? { url: '' })
  }
  const [proxy, pipe, direct] = [inTurn('proxy'), inTurn('pipe'), inTurn('direct')]
  const again = () => get(same?.proxy ?? { url: '' })
  const samples = await interleave(
    { rounds, turns, signal },
    {
      proxy,
      pipe,
      direct,
      again,
      proxyAgain: proxy,
      pipeAgain: pipe,
      directAgain: direct,
      againAgain: again,
    },
  )
  const ours = { ours: samples.proxy, oursAgain: samples.proxyAgain }
  const pipes = { peer: samples.pipe, peerAgain: samples.pipeAgain }
  const measure = `snapshot of ${size} through the proxy`
  return [
    figure({ measure, peerName: 'bare pipe', limit: { times: 1.2 } }, { ...ours, ...pipes }),
    figure(
      { measure, peerName: 'Electric itself' },
      { ...ours, peer: samples.direct, peerAgain: samples.directAgain },
    ),
    figure(
      { measure: `the same of ${size} again and again`, peerName: 'bare pipe' },
      { ours: samples.again, oursAgain: samples.againAgain, ...pipes },
    ),
  ]
}

interface Address {
  url: string
  headers?: Record<string, string>
}

type Addresses = Record<'proxy' | 'pipe' | 'direct', Address>

async function addressesOf(
  stack: Stack,
  { appUrl, pipeUrl }: { appUrl: string; pipeUrl: string },
  places: readonly Place[],
): Promise<Addresses[]> {
  const issuer = await tokenIssuer(stack)
  const source = { table: 'chat_messages', secret: stack.electricSecret }
  return Promise.all(
    places.map(async ({ sessionId }) => {
      const upstream = `${shapePath(sessionId, source)}&offset=-1`
      return {
        proxy: {
          url: `${appUrl}${messagesPath(sessionId)}&offset=-1`,
          headers: { authorization: `Bearer ${await issuer.issue(sessionId)}` },
        },
        pipe: { url: `${pipeUrl}${upstream}` },
        direct: { url: `${stack.electricUrl}${upstream}` },
      }
    }),
  )
}

/** Electric knows every shape, and the app every token: a page asks for several shapes with each. */
async function introduce(http: HttpClient, addresses: Addresses[]): Promise<void> {
  for (const { proxy, direct } of addresses) {
    expectOk(await http.get(direct.url))
    const other = proxy.url.replace('/chat_messages?', '/sessions?')
    expectOk(await http.get(other, proxy.headers))
  }
}

/** @throws Error unless all three give the same bytes: otherwise nothing is compared. */
async function bodySize(http: HttpClient, addresses: Partial<Addresses>): Promise<string> {
  const bodies = []
  for (const { url, headers } of Object.values(addresses)) bodies.push(expectOk(await http.get(url, headers)))
  const [first = Buffer.alloc(0), ...others] = bodies
  if (!others.every((body) => body.equals(first))) throw new Error('The proxy, the pipe and Electric differ.')
  return first.length < 500_000
    ? `${(first.length / 1000).toFixed(1)} KB`
    : `${(first.length / 1e6).toFixed(1)} MB`
}
