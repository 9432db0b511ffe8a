import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import { settled } from '../settled.ts'
import { samplesOf } from '../turns.ts'
import type { ElectricBench } from './bench.ts'
import { type Contestants, startContestants, type WaitingServer } from './contestants.ts'

const CLIENTS = 1_000
/** Commits a round, one after another. */
const COMMITS = 3

/** A thousand clients wait on one shape, and a row comes. */
export async function fanOut(bench: ElectricBench): Promise<Figure[]> {
  const contestants = await startContestants(bench, 1)
  const ours = () => answerAll(contestants, contestants.ours)
  const peer = () => answerAll(contestants, contestants.peer)
  const { rounds, signal } = bench
  const measured = await interleave(
    { rounds, turns: 1, signal },
    { ours, peer, oursAgain: ours, peerAgain: peer },
  )
  const peerName = 'bare Node server'
  return [
    figure(
      { peerName, measure: '1,000 long-polls on one shape, last answer', limit: { times: 1.3 } },
      samplesOf(measured, 'lastMs'),
    ),
    figure(
      { peerName, measure: 'processor time for those', limit: { times: 2.5 } },
      samplesOf(measured, 'cpuMs'),
    ),
  ]
}

/** Of each commit: from just before it to the last answer, and what it and the requests for it cost. */
interface Answered {
  lastMs: number[]
  cpuMs: number[]
}

async function answerAll({ clients, commit }: Contestants, server: WaitingServer): Promise<Answered> {
  await clients.call('connect', server.port, await server.positions(), CLIENTS)
  const before = await settled(server.process)
  const lastMs: number[] = []
  for (let n = 0; n < COMMITS; n++) {
    await clients.call('pollOnce')
    await settled(server.process)
    const { at } = await commit()
    const answers = await clients.call('take', CLIENTS)
    lastMs.push(Math.max(...answers.map((answer) => answer.at)) - at)
  }
  const after = await settled(server.process)
  await clients.call('close')
  return { lastMs, cpuMs: [(after.cpuMs - before.cpuMs) / COMMITS] }
}
