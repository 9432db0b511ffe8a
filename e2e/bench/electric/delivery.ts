import { type Figure, figure, type Samples } from '../figures.ts'
import { interleave } from '../interleave.ts'
import type { Position } from '../processes/follow-shape.ts'
import type { Remote } from '../processes/remote.ts'
import type { ElectricBench, ElectricMeasure } from './bench.ts'
import type { ListenerCalls } from './processes/bare-listener.ts'
import type { ClientCalls } from './processes/clients.ts'
import type { WriterCalls } from './processes/writer.ts'
import { shapePath } from './shape-requests.ts'
import { sinceCommits } from './since-commits.ts'

const COMMITS = 40
const COMMITS_A_SECOND = 40

type Clients = Remote<ClientCalls>
type Listen = (clients: Clients, port: number, position: Position) => Promise<void>

/** From just before a commit to its answer at one client, and to a bare reader of the same commit. */
export const longPoll = delivery('commit to a long-poll’s answer, p50', async (clients, port, position) => {
  await clients.call('connect', port, [position], 1)
  await clients.call('pollOn')
})

export const events = delivery('commit to a server-sent event, p50', (clients, port, position) =>
  clients.call('stream', port, position),
)

function delivery(measure: string, listen: Listen): ElectricMeasure {
  return async (bench) => {
    const { rounds, signal } = bench
    const observe = await startObserving(bench, listen)
    const observed = await interleave({ rounds, turns: 1, signal }, { once: observe, again: observe })
    return [figureOf(measure, observed)]
  }
}

async function startObserving({ database, electric, start }: ElectricBench, listen: Listen) {
  const [session = ''] = await database.newSessions(1, 20)
  const { port, publication } = await electric()
  const clients = start<ClientCalls>('electric/processes/clients')
  const listener = start<ListenerCalls>('electric/processes/bare-listener')
  const writer = start<WriterCalls>('electric/processes/writer')
  await listener.call('open', database.ownerUrl, publication)
  await writer.call('open', database.ownerUrl)
  let written = 0
  return async (): Promise<Observed> => {
    await listen(clients, port, await clients.call('sync', port, shapePath(session)))
    const sessions = Array.from({ length: COMMITS }, () => session)
    const commits = await writer.call('commitAtRate', sessions, COMMITS_A_SECOND, written)
    written += COMMITS
    const answers = await clients.call('take', COMMITS)
    const arrivals = await listener.call('take', COMMITS)
    await clients.call('close')
    return { ours: sinceCommits(commits, answers), peer: sinceCommits(commits, arrivals) }
  }
}

/** Milliseconds of each commit. */
type Observed = Record<'ours' | 'peer', number[]>

function figureOf(measure: string, { once, again }: Record<'once' | 'again', Observed[][]>): Figure {
  const of = (rounds: Observed[][], who: keyof Observed) =>
    rounds.map((turns) => turns.flatMap((each) => each[who]))
  const samples: Samples = {
    ours: of(once, 'ours'),
    peer: of(once, 'peer'),
    oursAgain: of(again, 'ours'),
    peerAgain: of(again, 'peer'),
  }
  return figure({ measure, peerName: 'bare replication reader', limit: { times: 2 } }, samples)
}
