import { setTimeout as delay } from 'node:timers/promises'
import { type Figure, figure } from '../figures.ts'
import { interleave } from '../interleave.ts'
import { settled } from '../settled.ts'
import type { ElectricBench } from './bench.ts'

const IDLE_MS = 1_000

/** A process that was just started and is asked for nothing. */
export async function idle({ electric, rounds, signal }: ElectricBench): Promise<Figure[]> {
  const resident = async () => {
    const { process, stop } = await electric()
    await settled(process)
    await delay(IDLE_MS)
    const { residentBytes } = await process.call('usage')
    await stop()
    return residentBytes / 1024 / 1024
  }
  const samples = await interleave({ rounds, turns: 1, signal }, { ours: resident, oursAgain: resident })
  return [figure({ measure: 'resident memory, idle', unit: 'MB', limit: { most: 120 } }, samples)]
}
