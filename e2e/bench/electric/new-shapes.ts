import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import type { ElectricBench } from './bench.ts'
import type { ReaderCalls } from './processes/reader.ts'
import { shapePath } from './shape-requests.ts'

const SHAPES = 500
const MESSAGES = 20
const IN_FLIGHT = 100
const CONNECTIONS = 20

/** Many small shapes that nobody asked for before, beside the bare queries for their rows. */
export async function newShapes({
  database,
  electric,
  start,
  rounds,
  signal,
}: ElectricBench): Promise<Figure[]> {
  // Never twice the same: two blocks of the warm-up and of each round.
  const sessions = await database.newSessions(SHAPES * 2 * (rounds + 1), MESSAGES)
  const { port } = await electric({ env: { ELECTRIC_MAX_SHAPES: String(sessions.length) } })
  const reader = start<ReaderCalls>('electric/processes/reader')
  let next = 0
  const ours = () => {
    const paths = sessions.slice(next, next + SHAPES).map((session) => shapePath(session))
    next += SHAPES
    return reader.call('openShapes', port, paths, IN_FLIGHT)
  }
  const peer = () => reader.call('selectSessions', database.ownerUrl, sessions.slice(0, SHAPES), CONNECTIONS)
  const samples = await interleave(
    { rounds, turns: 1, signal },
    { ours, peer, oursAgain: ours, peerAgain: peer },
  )
  const measure = '500 new shapes, 100 in flight, all up to date'
  return [figure({ measure, peerName: '500 SELECTs', limit: { times: 10 } }, samples)]
}
