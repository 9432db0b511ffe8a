import type { Bench } from '../app-bench.ts'
import { shapePath } from '../electric/shape-requests.ts'
import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import type { BarePipeCalls } from '../processes/bare-pipe.ts'
import type { Client, Download, DownloaderCalls } from '../processes/downloader.ts'
import { messagesPath, type TokenIssuer, tokenIssuer } from '../readers.ts'
import { newSessions } from '../sessions.ts'

// The proxy gives one answer to all who ask the same at a time, and keeps some for a moment. To measure the pipe there
// are more shapes than it keeps: each is asked for again only after all others. What is gained by sharing is one more
// row, without a bar.
const SIZES = [
  { name: '1 MB', shapes: 150, messages: 11, clients: 8 },
  { name: '10 MB', shapes: 16, messages: 105, clients: 4 },
]
const CLIENTS = { node: 'Node', draining: 'byte-counting' } satisfies Record<Client, string>
const MESSAGE_CHARACTERS = 90_000
const WINDOW_MS = 500

/** Snapshots as fast as several clients can read them. */
export async function proxyThroughput(bench: Bench): Promise<Figure[]> {
  const { electricUrl } = bench.stack
  const places = {
    proxy: (await bench.app()).port,
    pipe: await bench.start<BarePipeCalls>('processes/bare-pipe').call('listen', electricUrl),
    direct: Number(new URL(electricUrl).port),
  }
  const issuer = await tokenIssuer(bench.stack)
  const figures: Figure[] = []
  for (const size of SIZES) figures.push(...(await throughputOf(bench, places, issuer, size)))
  return figures
}

type Ports = Record<'proxy' | 'pipe' | 'direct', number>

async function throughputOf(
  bench: Bench,
  ports: Ports,
  issuer: TokenIssuer,
  size: (typeof SIZES)[number],
): Promise<Figure[]> {
  const reader = bench.start<DownloaderCalls>('processes/downloader')
  const wanted = await downloadsOf(bench, issuer, size)
  expectSame(
    await reader.call('sizes', ports.direct, wanted.upstream),
    await reader.call('sizes', ports.proxy, wanted.app),
  )
  const { rounds, signal } = bench
  const figures: Figure[] = []
  for (const client of ['node', 'draining'] as const) {
    const read = (port: number, downloads: Download[]) => () =>
      reader.call('download', port, downloads, { client, clients: size.clients, forMs: WINDOW_MS })
    const proxy = read(ports.proxy, wanted.app)
    const pipe = read(ports.pipe, wanted.upstream)
    const direct = read(ports.direct, wanted.upstream)
    const shared = read(ports.proxy, wanted.app.slice(0, 1))
    const blocks = { proxy, pipe, direct, shared, proxyAgain: proxy, pipeAgain: pipe, directAgain: direct }
    const samples = await interleave({ rounds, turns: 1, signal }, { ...blocks, sharedAgain: shared })
    figures.push(...figuresOf(`${size.clients} ${CLIENTS[client]} clients`, size.name, samples))
  }
  await reader.stop()
  return figures
}

type Contestant = 'proxy' | 'pipe' | 'direct' | 'shared'

function figuresOf(
  who: string,
  size: string,
  samples: Record<Contestant | `${Contestant}Again`, number[][]>,
): Figure[] {
  const { proxy, proxyAgain, pipe, pipeAgain, direct, directAgain, shared, sharedAgain } = samples
  const ours = { ours: proxy, oursAgain: proxyAgain }
  const pipes = { peer: pipe, peerAgain: pipeAgain }
  const measure = `${who}, snapshots of ${size}`
  return [
    figure(
      { measure, unit: 'MB/s', peerName: 'bare pipe', limit: { timesAtLeast: 0.9 } },
      { ...ours, ...pipes },
    ),
    figure(
      { measure, unit: 'MB/s', peerName: 'Electric itself', limit: { timesAtLeast: 0.7 } },
      { ...ours, peer: direct, peerAgain: directAgain },
    ),
    figure(
      { measure: `${who}, all the same of ${size}`, unit: 'MB/s', peerName: 'bare pipe' },
      { ours: shared, oursAgain: sharedAgain, ...pipes },
    ),
  ]
}

async function downloadsOf(
  { sql, stack }: Bench,
  issuer: TokenIssuer,
  { shapes, messages }: (typeof SIZES)[number],
): Promise<Record<'app' | 'upstream', Download[]>> {
  const places = await newSessions(sql, shapes, { messages, characters: MESSAGE_CHARACTERS })
  const source = { table: 'chat_messages', secret: stack.electricSecret }
  return {
    app: await Promise.all(
      places.map(async ({ sessionId }) => ({
        path: `${messagesPath(sessionId)}&offset=-1`,
        token: await issuer.issue(sessionId),
      })),
    ),
    upstream: places.map(({ sessionId }) => ({ path: `${shapePath(sessionId, source)}&offset=-1` })),
  }
}

function expectSame(upstream: number[], app: number[]): void {
  if (JSON.stringify(upstream) === JSON.stringify(app)) return
  throw new Error('The app and Electric give bodies of different sizes.')
}
