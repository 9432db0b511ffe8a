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
import { samplesOf } from '../turns.ts'

const READERS = 5_000
const SESSIONS = 50
const KINDS = { polls: 'long-poll', streams: 'live stream' } satisfies Record<Kind, string>

export const longPollReaders = (bench: Bench) => liveReaders(bench, 'polls')
export const streamReaders = (bench: Bench) => liveReaders(bench, 'streams')

/** What a fresh app process grows by for each reader who waits, what is in use of it, and what waits behind the app. */
async function liveReaders(bench: Bench, kind: Kind): Promise<Figure[]> {
  const crowd = await gather(bench, kind)
  const [appHeap, bareHeap] = [
    await heapOfNobody(crowd, freshApp),
    await heapOfNobody(crowd, freshBareServer),
  ]
  const ours = () => growthOf(crowd, freshApp, appHeap)
  const peer = () => growthOf(crowd, freshBareServer, bareHeap)
  const { rounds, signal } = bench
  const measured = await interleave(
    { rounds, turns: 1, warmUp: false, signal },
    { ours, peer, oursAgain: ours, peerAgain: peer },
  )
  const who = `a ${KINDS[kind]}, one of ${READERS.toLocaleString('en-US')} on ${SESSIONS} sessions`
  const sought = { unit: 'KB', peerName: 'bare Node server' } as const
  return [
    figure(
      { ...sought, measure: `resident memory of ${who}`, limit: { times: 1.6 } },
      samplesOf(measured, 'resident'),
    ),
    figure({ ...sought, measure: `live heap of ${who}`, limit: { most: 8 } }, samplesOf(measured, 'heap')),
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

/** Whom the crowd waits at. */
interface Server {
  port: number
  process: Remote<ProbeCalls>
  stop(): Promise<void>
}

type Start = (crowd: Crowd) => Promise<Server>

async function growthOf(crowd: Crowd, start: Start, emptyHeap: number): Promise<Growth> {
  const server = await start(crowd)
  const before = await residentAfterOne(crowd, server)
  await crowd.pipe.call('forget')
  await hold(crowd, server, await crowd.readers())
  const { residentBytes } = await settled(server.process)
  const waiting = await crowd.clients.call('waiting', 'crowd')
  if (waiting !== READERS) throw new Error(`${waiting} of ${READERS} readers wait.`)
  if (start === freshApp) await expectOneWaitEach(crowd)
  const heap = await server.process.call('liveHeap')
  await crowd.clients.call('close', 'crowd')
  await server.stop()
  return { resident: each(residentBytes - before), heap: each(heap - emptyHeap) }
}

async function expectOneWaitEach({ bench, pipe }: Crowd): Promise<void> {
  const { open, most } = await pipe.call('waits')
  if (most > 1) bench.fail(`${most} upstream waits of one shape and offset at a time`)
  if (open !== SESSIONS) bench.fail(`${open} upstream waits for ${SESSIONS} shapes`)
}

/** In a process of its own: a collection before the readers come would make room for them. */
async function heapOfNobody(crowd: Crowd, start: Start): Promise<number> {
  const server = await start(crowd)
  await residentAfterOne(crowd, server)
  const bytes = await server.process.call('liveHeap')
  await server.stop()
  return bytes
}

const NODE_ARGS = ['--expose-gc']

const freshApp: Start = ({ bench, pipeUrl }) =>
  bench.app({ env: { ELECTRIC_URL: pipeUrl }, nodeArgs: NODE_ARGS })

const freshBareServer: Start = async ({ bench }) => {
  const nodeArgs = [...NODE_ARGS, '--import', PROBE]
  const process = bench.start<BareServerCalls & ProbeCalls>('processes/bare-server', { nodeArgs })
  return { port: await process.call('listen'), process, stop: process.stop }
}

/** What a server loads for its first reader is no reader's. */
async function residentAfterOne(crowd: Crowd, server: Server): Promise<number> {
  await hold(crowd, server, (await crowd.readers()).slice(0, 1))
  await settled(server.process)
  await crowd.clients.call('close', 'crowd')
  return (await settled(server.process)).residentBytes
}

async function hold({ clients, kind }: Crowd, { port }: Server, readers: Reader[]): Promise<void> {
  await clients.call('connect', 'crowd', port, kind, readers)
  if (kind === 'polls') await clients.call('pollOnce', 'crowd')
}

function each(bytes: number): number {
  return bytes / READERS / 1024
}
