import { type Figure, figure } from '../figures.ts'
import { interleave, timed } from '../interleave.ts'
import type { Position } from '../processes/follow-shape.ts'
import type { Remote } from '../processes/remote.ts'
import type { ElectricBench } from './bench.ts'
import type { ClientCalls } from './processes/clients.ts'
import type { ReaderCalls } from './processes/reader.ts'
import { shapePath } from './shape-requests.ts'

const SHAPES = 1_000
const MESSAGES = 1_000
const IN_FLIGHT = 8

/** From `kill -9` to a known shape's answer under its old handle; all other shapes must be there as well. */
export async function restart({
  database,
  electric,
  start,
  rounds,
  signal,
}: ElectricBench): Promise<Figure[]> {
  const sessions = await database.newSessions(SHAPES, MESSAGES)
  const running = await electric()
  const clients = start<ClientCalls>('electric/processes/clients')
  const reader = start<ReaderCalls>('electric/processes/reader')
  const { port } = running
  await reader.call(
    'openShapes',
    port,
    sessions.map((session) => shapePath(session)),
    IN_FLIGHT,
  )
  const positions = await Promise.all(
    sessions.map((session) => clients.call('sync', port, shapePath(session))),
  )
  const restarted = async () => {
    const ms = await timed(async () => {
      await running.killAndRestart()
      await expectKnown(clients, port, positions.slice(0, 1))
    })
    await expectKnown(clients, port, positions)
    return ms
  }
  const samples = await interleave({ rounds, turns: 1, signal }, { ours: restarted, oursAgain: restarted })
  const measure = 'ready after a restart with 1,000 shapes of 1,000 rows'
  return [figure({ measure, limit: { most: 2_000 } }, samples)]
}

async function expectKnown(clients: Remote<ClientCalls>, port: number, positions: Position[]): Promise<void> {
  const known = await clients.call('countKnown', port, positions)
  if (known === positions.length) return
  throw new Error(`${positions.length - known} of ${positions.length} shapes were lost at the restart.`)
}
