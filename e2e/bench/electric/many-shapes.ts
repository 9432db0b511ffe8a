import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import { settled } from '../settled.ts'
import { samplesOf } from '../turns.ts'
import type { ElectricBench } from './bench.ts'
import { type Contestants, startContestants, type WaitingServer } from './contestants.ts'
import { sinceCommits } from './since-commits.ts'

const SHAPES = 200
const CLIENTS_EACH = 5
const WRITES_A_SECOND = 50
const WRITES = 100

/** Many sessions, each with a few people in it, and steady writing. */
export async function manyShapes(bench: ElectricBench): Promise<Figure[]> {
  const contestants = await startContestants(bench, SHAPES)
  const ours = () => writeSteadily(contestants, contestants.ours)
  const peer = () => writeSteadily(contestants, contestants.peer)
  const { rounds, signal } = bench
  const measured = await interleave({ rounds, turns: 1, signal }, { ours, peer, oursAgain: ours })
  const peerName = 'bare Node server'
  return [
    figure(
      { peerName, measure: '200 shapes × 5 clients, 50 writes/s, p50', limit: { times: 1.5 } },
      samplesOf(measured, 'answerMs'),
    ),
    figure(
      { peerName, measure: 'processor time for those, a write', limit: { times: 2.5 } },
      samplesOf(measured, 'cpuMs'),
    ),
  ]
}

interface Written {
  answerMs: number[]
  cpuMs: number[]
}

async function writeSteadily(
  { clients, commitAtRate }: Contestants,
  server: WaitingServer,
): Promise<Written> {
  await clients.call('connect', server.port, await server.positions(), CLIENTS_EACH)
  await clients.call('pollOn')
  const before = await settled(server.process)
  const commits = await commitAtRate(WRITES, WRITES_A_SECOND)
  const answers = await clients.call('take', WRITES * CLIENTS_EACH)
  const after = await settled(server.process)
  await clients.call('close')
  return { answerMs: sinceCommits(commits, answers), cpuMs: [(after.cpuMs - before.cpuMs) / WRITES] }
}
