import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import type { BareServerCalls } from '../processes/bare-server.ts'
import type { Position } from '../processes/follow-shape.ts'
import type { ProbeCalls } from '../processes/probe.ts'
import type { Remote } from '../processes/remote.ts'
import { PROBE } from '../processes/remote.ts'
import { settled } from '../settled.ts'
import type { ElectricBench } from './bench.ts'
import type { ClientCalls } from './processes/clients.ts'
import { shapePath } from './shape-requests.ts'

const CLIENTS = 2_000

/** What a fresh process grows by for each client that waits, and what of it is in use after a collection. */
export async function waitingMemory(bench: ElectricBench): Promise<Figure[]> {
  const { database, rounds, signal, start } = bench
  const [session = ''] = await database.newSessions(1, 20)
  const clients = start<ClientCalls>('electric/processes/clients')
  const electric = () => electricWith(bench, clients, session, [])
  const collecting = await electricWith(bench, clients, session, ['--expose-gc'])
  const ours = () => inFresh(electric, (server) => growth(clients, server, resident))
  const peer = () =>
    inFresh(
      () => bareServer(bench, session),
      (server) => growth(clients, server, resident),
    )
  const heap = () => growth(clients, collecting, liveHeap)
  const {
    heap: once,
    heapAgain,
    ...residents
  } = await interleave({ rounds, turns: 1, signal }, { ours, peer, heap, oursAgain: ours, heapAgain: heap })
  const measure = 'memory of a waiting client'
  return [
    figure(
      { measure: `${measure}, resident`, unit: 'KB', peerName: 'bare Node server', limit: { times: 1.6 } },
      residents,
    ),
    figure(
      { measure: `${measure}, live heap`, unit: 'KB', limit: { most: 8 } },
      { ours: once, oursAgain: heapAgain },
    ),
  ]
}

interface HoldingServer {
  readonly port: number
  readonly process: Remote<ProbeCalls>
  readonly position: Position
  stop(): Promise<void>
}

async function electricWith(
  { electric }: ElectricBench,
  clients: Remote<ClientCalls>,
  session: string,
  nodeArgs: string[],
): Promise<HoldingServer> {
  const { port, process, stop } = await electric({ nodeArgs })
  return { port, process, stop, position: await clients.call('sync', port, shapePath(session)) }
}

async function bareServer({ start }: ElectricBench, session: string): Promise<HoldingServer> {
  const process = start<BareServerCalls & ProbeCalls>('processes/bare-server', {
    nodeArgs: ['--import', PROBE],
  })
  const port = await process.call('listen')
  return {
    port,
    process,
    stop: process.stop,
    position: { path: shapePath(session), handle: '-', offset: '0_0' },
  }
}

async function inFresh<T>(
  open: () => Promise<HoldingServer>,
  work: (server: HoldingServer) => Promise<T>,
): Promise<T> {
  const server = await open()
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

type Memory = (process: Remote<ProbeCalls>) => Promise<number>

const resident: Memory = async (process) => (await settled(process)).residentBytes

const liveHeap: Memory = async (process) => {
  await settled(process)
  return process.call('liveHeap')
}

/** KB a client. */
async function growth(
  clients: Remote<ClientCalls>,
  { port, process, position }: HoldingServer,
  memory: Memory,
): Promise<number> {
  await hold(clients, port, position, 1)
  await clients.call('close') // what a server loads for its first request is no client's
  const before = await memory(process)
  await hold(clients, port, position, CLIENTS)
  const after = await memory(process)
  await clients.call('close')
  return (after - before) / CLIENTS / 1024
}

async function hold(
  clients: Remote<ClientCalls>,
  port: number,
  position: Position,
  count: number,
): Promise<void> {
  await clients.call('connect', port, [position], count)
  await clients.call('pollOnce')
}
