import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import type { ElectricBench } from './bench.ts'
import type { ReaderCalls } from './processes/reader.ts'
import { shapePath } from './shape-requests.ts'

const MESSAGES = 100_000

/** All rows of a large shape, as fast as they come: its first reader ever, and any later one. */
export async function snapshot({
  database,
  electric,
  start,
  rounds,
  signal,
}: ElectricBench): Promise<Figure[]> {
  const [session = ''] = await database.newSessions(1, MESSAGES)
  const { port } = await electric({ env: { ELECTRIC_ENABLE_INTEGRATION_TESTING: 'true' } })
  const reader = start<ReaderCalls>('electric/processes/reader')
  const path = shapePath(session)
  expectAll('Electric', await reader.call('countRows', port, path))
  const perSecond = (ms: number) => (MESSAGES * 1000) / ms
  const known = async () => perSecond((await reader.call('download', port, path)).ms)
  const first = async () => {
    await dropShape(port, path)
    return known()
  }
  const copy = async () => {
    const { ms, rows } = await reader.call('copy', database.ownerUrl, session)
    expectAll('COPY', rows)
    return perSecond(ms)
  }
  const blocks = { first, copy, known, firstAgain: first, copyAgain: copy, knownAgain: known }
  const samples = await interleave({ rounds, turns: 1, signal }, blocks)
  const sought = { unit: 'rows/s', peerName: 'COPY TO STDOUT' } as const
  const peers = { peer: samples.copy, peerAgain: samples.copyAgain }
  return [
    figure(
      { ...sought, measure: 'first ever sync of 100,000 rows', limit: { timesAtLeast: 0.25 } },
      { ours: samples.first, oursAgain: samples.firstAgain, ...peers },
    ),
    figure(
      { ...sought, measure: 'the same, shape already known', limit: { timesAtLeast: 0.5 } },
      { ours: samples.known, oursAgain: samples.knownAgain, ...peers },
    ),
  ]
}

function expectAll(who: string, rows: number): void {
  if (rows !== MESSAGES) throw new Error(`${who} gave ${rows} of ${MESSAGES} rows.`)
}

/** Its next reader is its first again. */
async function dropShape(port: number, path: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'DELETE' })
  await response.body?.cancel()
  if (response.status !== 202) throw new Error(`DELETE is not supported: answered with ${response.status}.`)
}
