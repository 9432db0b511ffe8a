import type { BareServerCalls } from '../processes/bare-server.ts'
import type { Position } from '../processes/follow-shape.ts'
import type { ProbeCalls } from '../processes/probe.ts'
import type { Remote } from '../processes/remote.ts'
import { PROBE } from '../processes/remote.ts'
import type { ElectricBench } from './bench.ts'
import { TABLE } from './measured-table.ts'
import type { ClientCalls } from './processes/clients.ts'
import type { Commit, WriterCalls } from './processes/writer.ts'
import { shapePath } from './shape-requests.ts'

/** Where clients can wait for rows. */
export interface WaitingServer {
  readonly port: number
  readonly process: Remote<ProbeCalls>
  /** Of each session, where its clients begin to wait. */
  positions(): Promise<Position[]>
}

export interface Contestants {
  readonly sessions: readonly string[]
  /** Electric, and a bare server that answers with as many bytes. Both follow the database all the time. */
  readonly ours: WaitingServer
  readonly peer: WaitingServer
  readonly clients: Remote<ClientCalls>
  commit(): Promise<Commit>
  /** One to each session in turn. */
  commitAtRate(count: number, perSecond: number): Promise<Commit[]>
}

const MESSAGES = 20

export async function startContestants(bench: ElectricBench, sessionCount: number): Promise<Contestants> {
  const { database, electric, start } = bench
  const sessions = await database.newSessions(sessionCount, MESSAGES)
  const { port, process, publication } = await electric()
  const clients = start<ClientCalls>('electric/processes/clients')
  const writer = start<WriterCalls>('electric/processes/writer')
  await writer.call('open', database.ownerUrl)
  let written = 0
  const sessionOf = (n: number) => sessions[n % sessions.length] ?? ''
  const commit = () => writer.call('commit', sessionOf(written), written++)
  const positions = () =>
    Promise.all(sessions.map((session) => clients.call('sync', port, shapePath(session))))
  const [first] = await positions()
  if (!first) throw new RangeError('Nobody waits for no session.')
  const [bodyBytes] = await Promise.all([clients.call('answerBytes', port, first), commit()])
  return {
    sessions,
    ours: { port, process, positions },
    peer: await startBareServer(bench, publication, bodyBytes, await positions()),
    clients,
    commit,
    commitAtRate: async (count, perSecond) => {
      const from = written
      written += count
      const inTurn = Array.from({ length: count }, (_, index) => sessionOf(from + index))
      return writer.call('commitAtRate', inTurn, perSecond, from)
    },
  }
}

async function startBareServer(
  { database, start }: ElectricBench,
  publication: string,
  bodyBytes: number,
  positions: Position[],
): Promise<WaitingServer> {
  const server = start<BareServerCalls & ProbeCalls>('processes/bare-server', {
    nodeArgs: ['--import', PROBE],
  })
  const port = await server.call('listen')
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': String(bodyBytes) }
  const databaseUrl = database.ownerUrl
  await server.call('follow', { databaseUrl, publication, table: TABLE, headers, bodyBytes })
  return { port, process: server, positions: async () => positions }
}
