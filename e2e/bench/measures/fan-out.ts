import type { Bench } from '../app-bench.ts'
import type { AppProcess } from '../app-process.ts'
import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import type { BareServerCalls } from '../processes/bare-server.ts'
import type { Kind, LiveClientCalls } from '../processes/live-clients.ts'
import type { ProbeCalls } from '../processes/probe.ts'
import { PROBE, type Remote } from '../processes/remote.ts'
import { readersOf, tokenIssuer } from '../readers.ts'
import { commitOneEach, newSessions, type Place } from '../sessions.ts'
import { settled } from '../settled.ts'
import { samplesOf } from '../turns.ts'

interface Crowd {
  readers: number
  sessions: number
}

const CROWDS: Crowd[] = [
  { readers: 1_000, sessions: 1 },
  { readers: 5_000, sessions: 50 },
]
const KINDS = { polls: 'long-polls', streams: 'live streams' } satisfies Record<Kind, string>
/** Of a round and a contestant, one after another. */
const COMMITS = 3
const MESSAGES = { messages: 20, characters: 300 }

/** Many wait, and a row comes for each shape in one transaction: when has the last reader its answer? */
export async function fanOut(bench: Bench): Promise<Figure[]> {
  const app = await bench.app()
  const figures: Figure[] = []
  for (const crowd of CROWDS) {
    for (const kind of ['polls', 'streams'] as const) figures.push(await fanOutTo(bench, app, kind, crowd))
  }
  return figures
}

async function fanOutTo(bench: Bench, app: AppProcess, kind: Kind, crowd: Crowd): Promise<Figure> {
  const clients = bench.start<LiveClientCalls>('processes/live-clients')
  const [ours, peer] = await gather(bench, app, kind, crowd, clients)
  const { rounds, signal } = bench
  const measured = await interleave(
    { rounds, turns: 1, signal },
    { ours, peer, oursAgain: ours, peerAgain: peer },
  )
  await clients.stop()
  const measure = `${grouped(crowd.readers)} ${KINDS[kind]} of ${crowd.sessions === 1 ? 'one shape' : `${crowd.sessions} shapes`}, last answer`
  return figure(
    { measure, peerName: 'bare Node server', limit: { times: 1.5 } },
    samplesOf(measured, 'lastMs'),
  )
}

type Turn = () => Promise<{ lastMs: number[] }>

/** Both crowds are connected all the time, each to sessions of its own: nobody has to come back for the next turn. */
async function gather(
  bench: Bench,
  app: AppProcess,
  kind: Kind,
  { readers: count, sessions }: Crowd,
  clients: Remote<LiveClientCalls>,
): Promise<[ours: Turn, peer: Turn]> {
  const [own, theirs, sampled] = [
    await newSessions(bench.sql, sessions, MESSAGES),
    await newSessions(bench.sql, sessions, MESSAGES),
    await newSessions(bench.sql, 1, MESSAGES),
  ]
  const issuer = await tokenIssuer(bench.stack)
  const readers = (places: Place[], each: number) => readersOf(issuer, clients, app.port, places, each)
  const [one] = await readers(sampled, 1)
  if (!one) throw new RangeError('Nobody reads nothing.')
  const sampling = clients.call('sample', app.port, kind, one)
  await settled(app.process)
  await commitOneEach(bench.sql, sampled)
  const bare = await startBareServer(bench, await sampling)
  await clients.call('connect', 'ours', app.port, kind, await readers(own, count / sessions))
  await clients.call('connect', 'peer', bare.port, kind, await readers(theirs, count / sessions))
  const turnOf = (name: string, places: Place[], server: Remote<ProbeCalls>) => async () => ({
    lastMs: await answerAll(bench, clients, { name, places, server, kind, count }),
  })
  return [turnOf('ours', own, app.process), turnOf('peer', theirs, bare.process)]
}

/** Answers with as many bytes as the app, and under its headers. */
async function startBareServer(
  { stack, start }: Bench,
  { headers, bytes: bodyBytes }: { headers: Record<string, string>; bytes: number },
): Promise<{ port: number; process: Remote<ProbeCalls> }> {
  const process = start<BareServerCalls & ProbeCalls>('processes/bare-server', {
    nodeArgs: ['--import', PROBE],
  })
  const port = await process.call('listen')
  const { databaseUrl } = stack
  const publication = 'electric_publication_default'
  await process.call('follow', { databaseUrl, publication, table: 'chat_messages', headers, bodyBytes })
  return { port, process }
}

interface Waiting {
  name: string
  places: Place[]
  server: Remote<ProbeCalls>
  kind: Kind
  count: number
}

async function answerAll(
  { sql }: Bench,
  clients: Remote<LiveClientCalls>,
  { name, places, server, kind, count }: Waiting,
): Promise<number[]> {
  const lastMs: number[] = []
  for (let n = 0; n < COMMITS; n++) {
    if (kind === 'polls') await clients.call('pollOnce', name)
    await settled(server)
    const waiting = await clients.call('waiting', name)
    if (waiting !== count) throw new Error(`${waiting} of ${count} readers wait.`)
    const at = await commitOneEach(sql, places)
    const answers = await clients.call('take', name, count)
    lastMs.push(Math.max(...answers.map((answer) => answer.at)) - at)
  }
  return lastMs
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
