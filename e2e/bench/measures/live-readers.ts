import type { Bench } from '../app-bench.ts'
import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import type { BareServerCalls } from '../processes/bare-server.ts'
import type { CountingPipeCalls } from '../processes/counting-pipe.ts'
import type { Kind, LiveClientCalls, Reader } from '../processes/live-clients.ts'
import type { ProbeCalls } from '../processes/probe.ts'
import { PROBE, type Remote } from '../processes/remote.ts'
import { readersOf, type TokenIssuer, tokenIssuer } from '../readers.ts'
import { newSessions } from '../sessions.ts'
import { settled } from '../settled.ts'

const READERS = 5_000
const SESSIONS = 50
const KINDS = { polls: 'long-poll', streams: 'live stream' } satisfies Record<Kind, string>

export const longPollReaders = (bench: Bench) => liveReaders(bench, 'polls')
export const streamReaders = (bench: Bench) => liveReaders(bench, 'streams')

/** What a fresh app process grows by for each reader who waits, what is in use of it, and what waits behind the app. */
async function liveReaders(bench: Bench, kind: Kind): Promise<Figure[]> {
  const crowd = await gather(bench, kind)
  const emptyHeap = await heapOfNobody(crowd)
  const ours = () => growthOf(crowd, emptyHeap)
  const peer = () => growthOfBareServer(crowd)
  const { rounds, signal } = bench
  const measured = await interleave(
    { rounds, turns: 1, warmUp: false, signal },
    { ours, peer, oursAgain: ours, peerAgain: peer },
  )
  const of = (blocks: Growth[][], name: keyof Growth) =>
    blocks.map((turns) => turns.map((each) => each[name]))
  const measure = `memory of a ${KINDS[kind]}, one of ${READERS.toLocaleString('en-US')} on ${SESSIONS} sessions`
  return [
    figure(
      { measure: `${measure}, resident`, unit: 'KB', peerName: 'bare Node server', limit: { times: 1.6 } },
      {
        ours: of(measured.ours, 'resident'),
        oursAgain: of(measured.oursAgain, 'resident'),
        peer: measured.peer,
        peerAgain: measured.peerAgain,
      },
    ),
    figure(
      { measure: `${measure}, live heap`, unit: 'KB', limit: { most: 8 } },
      { ours: of(measured.ours, 'heap'), oursAgain: of(measured.oursAgain, 'heap') },
    ),
  ]
}

interface Crowd {
  bench: Bench
  kind: Kind
  clients: Remote<LiveClientCalls>
  pipe: Remote<CountingPipeCalls>
  pipeUrl: string
  /** Everybody, with a token of her own that lives on for a while. */
  readers(): Promise<Reader[]>
}

async function gather(bench: Bench, kind: Kind): Promise<Crowd> {
  const clients = bench.start<LiveClientCalls>('processes/live-clients')
  const pipe = bench.start<CountingPipeCalls>('processes/counting-pipe')
  const pipeUrl = `http://127.0.0.1:${await pipe.call('listen', bench.stack.electricUrl, 'chat_messages')}`
  const places = await newSessions(bench.sql, SESSIONS, { messages: 20, characters: 300 })
  const issuer = await tokenIssuer(bench.stack)
  const guide = await bench.app()
  const guides = await readersOf(issuer, clients, guide.port, places, 1)
  await guide.stop()
  return { bench, kind, clients, pipe, pipeUrl, readers: freshReaders(issuer, guides) }
}

/** Tokens live for five minutes, and to sign so many takes a while. */
const TOKENS_KEPT_MS = 120_000

function freshReaders(issuer: TokenIssuer, guides: Reader[]): Crowd['readers'] {
  let issuedAt = Number.NEGATIVE_INFINITY
  let readers: Promise<Reader[]>
  return () => {
    if (performance.now() - issuedAt > TOKENS_KEPT_MS) {
      issuedAt = performance.now()
      readers = withOwnTokens(issuer, guides)
    }
    return readers
  }
}

function withOwnTokens(issuer: TokenIssuer, guides: Reader[]): Promise<Reader[]> {
  const everybody = guides.flatMap((guide) => Array.from({ length: READERS / SESSIONS }, () => guide))
  return Promise.all(
    everybody.map(async (reader) => ({ ...reader, token: await issuer.issue(reader.sessionId) })),
  )
}

/** KB a reader. */
interface Growth {
  resident: number
  heap: number
}

async function growthOf(crowd: Crowd, emptyHeap: number): Promise<Growth> {
  const { bench, clients, pipe } = crowd
  const app = await freshApp(crowd)
  const readers = await crowd.readers()
  const before = await residentAfterOne(crowd, app.port, app.process, readers)
  await pipe.call('forget')
  await hold(crowd, app.port, readers)
  const { residentBytes } = await settled(app.process)
  await expectAllWait(crowd)
  const { open, most } = await pipe.call('waits')
  if (most > 1) bench.fail(`${most} upstream waits of one shape and offset at a time`)
  if (open !== SESSIONS) bench.fail(`${open} upstream waits for ${SESSIONS} shapes`)
  const heap = await app.process.call('liveHeap')
  await clients.call('close', 'crowd')
  await app.stop()
  return { resident: each(residentBytes - before), heap: each(heap - emptyHeap) }
}

async function growthOfBareServer(crowd: Crowd): Promise<number> {
  const nodeArgs = ['--import', PROBE]
  const bare = crowd.bench.start<BareServerCalls & ProbeCalls>('processes/bare-server', { nodeArgs })
  const port = await bare.call('listen')
  const readers = await crowd.readers()
  const before = await residentAfterOne(crowd, port, bare, readers)
  await hold(crowd, port, readers)
  const { residentBytes } = await settled(bare)
  await expectAllWait(crowd)
  await crowd.clients.call('close', 'crowd')
  await bare.stop()
  return each(residentBytes - before)
}

/** In a process of its own: a collection before the readers come would make room for them. */
async function heapOfNobody(crowd: Crowd): Promise<number> {
  const app = await freshApp(crowd)
  await residentAfterOne(crowd, app.port, app.process, await crowd.readers())
  const bytes = await app.process.call('liveHeap')
  await app.stop()
  return bytes
}

function freshApp({ bench, pipeUrl }: Crowd) {
  return bench.app({ env: { ELECTRIC_URL: pipeUrl }, nodeArgs: ['--expose-gc'] })
}

/** What a server loads for its first reader is no reader's. */
async function residentAfterOne(
  crowd: Crowd,
  port: number,
  server: Remote<ProbeCalls>,
  readers: Reader[],
): Promise<number> {
  await hold(crowd, port, readers.slice(0, 1))
  await settled(server)
  await crowd.clients.call('close', 'crowd')
  return (await settled(server)).residentBytes
}

async function hold({ clients, kind }: Crowd, port: number, readers: Reader[]): Promise<void> {
  await clients.call('connect', 'crowd', port, kind, readers)
  if (kind === 'polls') await clients.call('pollOnce', 'crowd')
}

async function expectAllWait({ clients }: Crowd): Promise<void> {
  const waiting = await clients.call('waiting', 'crowd')
  if (waiting !== READERS) throw new Error(`${waiting} of ${READERS} readers wait.`)
}

function each(bytes: number): number {
  return bytes / READERS / 1024
}
